"""Annotations read as Prometheus writes them; what is not understood stays in sight."""

from __future__ import annotations

import math

import pytest

from signals.alerts.templates import fill, go_number


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{ $labels.service }} at {{ $value }}", "ai at 0.00512"),
        ("{{$labels.service}}/{{.Labels.queue}}/{{ .Value }}", "ai/matches/0.00512"),
        ("[{{ $labels.missing }}]", "[]"),
        ('{{ $value | printf "%.2f" }} %', "0.01 %"),
        ('{{ printf "%.1f of %s" $value $labels.service }}', "0.0 of ai"),
        ('{{ printf "%.0f%%" 12.6 }}', "13%"),
        ("{{ $value | humanizePercentage }}", "0.512%"),
        ("{{ humanize $value }}", "5.12m"),
        ("{{ 1234567 | humanize }}", "1.235M"),
        ("{{ 2048 | humanize1024 }}", "2Ki"),
        ("{{ 93784 | humanizeDuration }}", "1d 2h 3m 4s"),
        ("{{ 125 | humanizeDuration }}", "2m 5s"),
        ("{{ 1.5 | humanizeDuration }}", "1.5s"),
        ("{{ 0.25 | humanizeDuration }}", "250ms"),
        ("{{ 0 | humanizeDuration }}", "0s"),
        ("{{ 1700000000 | humanizeTimestamp }}", "2023-11-14 22:13:20 +0000 UTC"),
        ("{{ $labels.queue | toUpper }}", "MATCHES"),
        ("a {{- $labels.service -}} b", "aaib"),
        ('{{ query "up" | first }}', '{{ query "up" | first }}'),
        ("{{ if $value }}x{{ end }}", "x"),
        ("{{ if gt $value 0.1 }}page{{ else if gt $value 0.001 }}ticket{{ else }}none{{ end }}", "ticket"),
        ('{{ if eq $labels.queue "matches" "ai" }}{{ $labels.queue }}{{ else }}x{{ end }}', "matches"),
        ("{{ if and (gt $value 0.0) (not (lt $value 0.001)) }}a{{- else -}} b{{ end }}", "a"),
        ('{{ if or (eq (index $labels "service") "x") (ge $value 1.0) }}a{{ end }}b', "b"),
        ("{{ if $labels.missing }}a{{ end }}{{/* why */}}", ""),
        (
            "{{ if gt $value 90 }}a{{ end }}",
            "{{ if gt $value 90 }}a{{ end }}",
        ),  # Go compares no int with a float
        ("{{ if $value }}x", "{{ if $value }}x"),
        ("{{ end }}", "{{ end }}"),
        ("{{ range $labels }}x{{ end }}", "{{ range $labels }}x{{ end }}"),
        ("{{ $externalLabels.cluster }}", "{{ $externalLabels.cluster }}"),
        ('{{ printf "%d" $value }}', '{{ printf "%d" $value }}'),
        ('{{ printf "%*f" $value }}', '{{ printf "%*f" $value }}'),
        ("{{ }} {{ | }} {{", "{{ }} {{ | }} {{"),
    ],
)
def test_a_template(template: str, text: str) -> None:
    assert fill(template, {"service": "ai", "queue": "matches"}, 0.00512) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-2.5, "-2.5"),
        (999999.5, "999999.5"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (100.0, "100"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_numbers_as_go_prints_them(value: float, text: str) -> None:
    assert go_number(value) == text
