"""The `[costs]` section: which counters tell of money and tokens, what tokens cost, whose month it is, which levers there are.

A pack is a file with the same keys: that of the profile (`costs.toml` in its folder), or the one that `pack` names. What
`warroom.toml` says goes before it, key by key, prices by model and levers by key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from core.files import is_file
from core.home import expanded
from core.message import say
from core.settings import Section
from core.toml_file import Problem, read_toml, validate
from profiles.profile import BUNDLED, GENERIC

if TYPE_CHECKING:
    from core.toml_file import TomlFile
    from profiles.profile import Profile

PACKS = BUNDLED / GENERIC / "costs"
LABEL = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
Label = Annotated[str, Field(pattern=rf"^$|{LABEL}")]
Share = Annotated[float, Field(ge=0, le=1)]


class Counted(Section):
    """A counter, as `increase` wants it. `model` and `mode` are the labels that name these, where it has them."""

    metric: str = Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
    where: str = Field(default="", description="PromQL matchers, without the braces")
    model: Label = ""
    mode: Label = ""


class Price(Section):
    """What a million tokens cost (USD)."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Lever(Section):
    """A way to spend less; `action` with its `parameters` is what pulls it, and nothing does without one."""

    action: str = ""
    parameters: dict[str, str] = Field(default={})


class PromptLever(Lever):
    """Shorter prompts."""

    cut: Share = Field(default=0.2, description="the share of input tokens that goes")


class CacheLever(Lever):
    """More answers out of the cache."""

    hits: Share = Field(default=0.5, description="the share of lookups that hits")


class ModelLever(Lever):
    """Another model."""

    to: str = Field(default="", description="its name, as `prices` has it; without it the cheapest of them")
    share: Share = Field(default=1.0, description="of the traffic")


class RulesLever(Lever):
    """Rules decide first, and the model only where they do not suffice, with less context."""

    share: Share = Field(default=0.3, description="of the analyses that rules decide alone")
    context: Share = Field(default=1.0, description="what is left of the prompt in the others")


class Levers(Section):
    """The four ways of the manual."""

    prompts: PromptLever = PromptLever()
    cache: CacheLever = CacheLever()
    model: ModelLever = ModelLever()
    rules: RulesLever = RulesLever()


class CostsSettings(Section):
    """What it costs and who says so. Of several counters for the same the first that has data is asked."""

    pack: str = Field(
        default="", description="one that comes with the program (litellm, otel-genai), or a file of your own"
    )
    monthly_budget_usd: float | None = Field(default=None, gt=0)
    time_zone: str = Field(default="UTC", description="whose months the bill has, such as Asia/Shanghai")
    rule: str = Field(default="", description="the alert rule that projects the month, too")
    spend: tuple[Counted, ...] = Field(default=(), description="money (USD); without them tokens and prices")
    input_tokens: tuple[Counted, ...] = ()
    output_tokens: tuple[Counted, ...] = Field(default=(), description="in the order of input_tokens")
    analyses: tuple[Counted, ...] = Field(default=(), description="what users got for it")
    cache_hits: tuple[Counted, ...] = ()
    cache_misses: tuple[Counted, ...] = ()
    prices: dict[str, Price] = Field(
        default={}, description="USD for a million tokens, by model; `*` stands for any characters"
    )
    prices_as_of: str = Field(default="", description="where the prices are from, and when")
    levers: Levers = Levers()

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise PydanticCustomError("time_zone", "no such time zone; write it as Europe/Berlin") from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the bill."""
        return ZoneInfo(self.time_zone)

    @property
    def is_known(self) -> bool:
        """Whether anything says what is spent."""
        return bool(self.spend or (self.prices and (self.input_tokens or self.output_tokens)))

    def over(self, pack: CostsSettings) -> Self:
        """These, and what they leave out as `pack` has it."""
        update = {name: getattr(pack, name) for name in pack.model_fields_set - self.model_fields_set}
        merged = {
            name: _over(getattr(self.levers, name), getattr(pack.levers, name))
            for name in Levers.model_fields
        }
        update["prices"] = {**pack.prices, **self.prices}
        update["levers"] = self.levers.model_copy(update=merged)
        return self.model_copy(update=update)


def packs() -> tuple[str, ...]:
    """Those that come with the program."""
    return tuple(sorted(path.stem for path in PACKS.glob("*.toml")))


def read_costs(
    own: CostsSettings, profile: Profile, file: TomlFile
) -> tuple[CostsSettings, tuple[Problem, ...]]:
    """The section over its pack, with what is wrong in that; raises `ConfigError` if it can't be read."""
    path = profile.costs
    if own.pack:
        path = (
            PACKS / f"{own.pack}.toml" if own.pack in packs() else file.path.parent / expanded(Path(own.pack))
        )
        if not is_file(path):
            what = say("config.no_pack", known=", ".join(packs()))
            return own, (file.problem(("costs", "pack"), what),)
    if path is None:
        return own, ()
    pack, problems = read_pack(path)
    return own.over(pack), problems


def read_pack(path: Path) -> tuple[CostsSettings, tuple[Problem, ...]]:
    """A pack, with what is wrong in it; raises `ConfigError` if it can't be read."""
    file = read_toml(path)
    if isinstance(file, Problem):
        return CostsSettings(), (file,)
    settings, problems = validate(CostsSettings, file)
    return settings or CostsSettings(), problems


def _over(own: Lever, pack: Lever) -> Lever:
    update = {name: getattr(pack, name) for name in pack.model_fields_set - own.model_fields_set}
    return own.model_copy(update=update)
