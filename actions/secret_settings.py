"""What there is to know about a secret: where it is written, who takes it from there, and how it is proven.

`[actions.secrets.<name>]`, in a profile's `actions.toml` what all who run that system have in common, in `warroom.toml` the
places. No value stands in either: `{value}` is where it belongs.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from core.settings import Seconds, Section

PLACE = "{value}"
URL_PASSWORD = "url-password"  # noqa: S105  # the name of a form
NAME = r"^[a-z][a-z0-9_-]{0,39}$"


def _argv(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not argv or not argv[0]:
        raise ValueError("a command begins with a program")
    if any(PLACE in argument for argument in argv):
        raise ValueError(
            "a secret is no argument: everybody on the machine can read it; it comes on standard input"
        )
    return argv


Argv = Annotated[tuple[str, ...], AfterValidator(_argv)]


class ProofSettings(Section):
    """One request by which a value is proven: over HTTP, by logging in at a server of `[signals]`, or by a command."""

    url: str = Field(default="", description="`{value}` is the secret, where it is a part of the address")
    method: Literal["GET", "HEAD", "POST"] = "GET"
    headers: dict[str, str] = Field(default={}, description="`{value}` is the secret")
    accepted: tuple[int, ...] = Field(default=(200,), description="the statuses of a value that works")
    refused: tuple[int, ...] = Field(default=(401, 403), description="the statuses of one that does not")
    server: Literal["postgres", "redis"] | None = Field(
        default=None, description="log in with the value as password, as [signals.<server>] says"
    )
    user: str = Field(default="", description="the login's name there; without it that of the address")
    command: Argv | None = Field(
        default=None, description="the value comes on standard input; exit 0: it works"
    )
    refused_exit: tuple[int, ...] = Field(
        default=(1,), description="the exit codes of a value that is refused"
    )
    timeout_s: Seconds = 10.0

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum((bool(self.url), self.server is not None, self.command is not None)) != 1:
            raise ValueError("a proof has one of `url`, `server` and `command`")
        if self.url and PLACE not in self.url + "".join(self.headers.values()):
            raise ValueError("a proof shows the value: `{value}` in `url` or in `headers`")
        if set(self.accepted) & set(self.refused):
            raise ValueError("a status can't be both")
        return self


class TargetSettings(Section):
    """One place that holds the secret."""

    env_file: Path | None = Field(default=None, description="a `.env` file, seen from `[actions] checkout`")
    variable: str = Field(default="", description="the name there; without it that of the secret")
    secret_file: Path | None = Field(default=None, description="a file that holds nothing else")
    yaml_file: Path | None = Field(default=None, description="a YAML file, such as Alertmanager's")
    yaml_keys: tuple[str, ...] = Field(
        default=(), description="where in it: `receivers.*.discord_configs.*.webhook_url`"
    )
    command: Argv | None = Field(
        default=None, description="takes the value on standard input: vault, kubectl, aws"
    )
    read_command: Argv | None = Field(
        default=None, description="prints the value that the command above has set"
    )
    server: Literal["postgres", "redis"] | None = Field(
        default=None,
        description="set it as the password at [signals.<server>], which is logged in to with the old one",
    )
    user: str = Field(default="", description="the login's name there; without it that of the address")
    form: str = Field(
        default=PLACE,
        description="how it is written there: `{value}/slack`, or `url-password` within an address",
    )
    check: Argv | None = Field(
        default=None, description="judges the new file (`{file}`) before it takes the place of the old one"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        kinds = (self.env_file, self.secret_file, self.yaml_file, self.command, self.server)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a place is one of `env_file`, `secret_file`, `yaml_file`, `command`, `server`")
        if (self.yaml_file is not None) != bool(self.yaml_keys):
            raise ValueError("`yaml_file` and `yaml_keys` belong together")
        if self.form != URL_PASSWORD and self.form.count(PLACE) != 1:
            raise ValueError("`form` has one `{value}`, or is `url-password`")
        if self.read_command is not None and self.command is None:
            raise ValueError("`read_command` belongs to `command`")
        return self

    def seen_from(self, folder: Path | None) -> Self:
        """The same with an absolute path, where there is a folder to see it from."""
        paths = {"env_file": self.env_file, "secret_file": self.secret_file, "yaml_file": self.yaml_file}
        update = {
            name: folder / path for name, path in paths.items() if path is not None and folder is not None
        }
        return self.model_copy(update=update)

    @property
    def file(self) -> Path | None:
        """The file that is changed, if it is one."""
        return self.env_file or self.secret_file or self.yaml_file


class SecretSettings(Section):
    """One secret."""

    title: str = ""
    variable: str = Field(default="", description="how `.env` files call it")
    pattern: str = Field(
        default="", description="what a value looks like as a whole (RE2): a typo is refused"
    )
    prove: ProofSettings | None = None
    write: tuple[TargetSettings, ...] = ()
    restart: tuple[Literal["workers", "alertmanager"] | Argv, ...] = Field(
        default=(),
        description="who has to take the new value: workers, alertmanager, or commands, in this order",
    )
    cwd: str = Field(default="", description="where commands run; without it in `[actions] checkout`")
    environment: dict[str, str] = Field(default={}, description="what they are given besides; no secrets")

    def over(self, other: SecretSettings | None) -> Self:
        """This one, and what it leaves out as `other` has it."""
        if other is None:
            return self
        update = {name: getattr(other, name) for name in other.model_fields_set - self.model_fields_set}
        return self.model_copy(update=update)

    def seen_from(self, checkout: Path | None) -> Self:
        """With the folder that commands run in, and that relative paths are seen from."""
        write = tuple(place.seen_from(checkout) for place in self.write)
        return self.model_copy(update={"write": write, "cwd": self.cwd or str(checkout or "/")})

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.pattern:
            from core.errors import WarroomError
            from signals.regex import compile_regex

            try:
                compile_regex(self.pattern)
            except WarroomError:
                raise ValueError("`pattern` is no regular expression that RE2 knows") from None
        return self
