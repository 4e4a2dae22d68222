"""Widgets of the face: `lines.Lines` draws text and only what changed of it, `fields` are a form's."""
