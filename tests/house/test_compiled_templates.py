"""Templates are compiled where static files are collected, and pages only read what is there."""

from pathlib import Path

import pytest
from django.core.management import call_command
from jinja2 import DictLoader, Environment

from adminpanel.compiled_templates import CompiledTemplates


@pytest.fixture
def kept(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> CompiledTemplates:
    """An empty place for them, which `collectstatic` fills."""
    settings.COMPILED_TEMPLATES = CompiledTemplates(tmp_path / "compiled")  # type: ignore[attr-defined]
    settings.STATIC_ROOT = str(tmp_path / "static")  # type: ignore[attr-defined]
    made: CompiledTemplates = settings.COMPILED_TEMPLATES  # type: ignore[attr-defined]
    from django.template import engines

    monkeypatch.setattr(engines["jinja2"].env, "bytecode_cache", made)  # type: ignore[attr-defined]
    return made


def shown(kept: CompiledTemplates, text: str) -> str:
    """What a page of this template shows in a process that has not loaded it yet."""
    env = Environment(loader=DictLoader({"page": text}), bytecode_cache=kept, autoescape=True)
    template = env.get_template("page")
    return "".join(template.root_render_func(template.new_context({})))


def not_compiled(*_: object, **__: object) -> None:
    raise AssertionError("it was compiled again")


def test_collecting_static_files_compiles_every_template(
    kept: CompiledTemplates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.template import engines

    call_command("collectstatic", "--no-input", "--verbosity", "0")
    env = engines["jinja2"].env  # type: ignore[attr-defined]
    names = env.list_templates(extensions=["html"])
    assert len(list((tmp_path / "compiled").iterdir())) == len(names) > 100
    monkeypatch.setattr(env, "compile", not_compiled)
    for name in names:
        env.loader.load(env, name)


def test_a_template_that_was_changed_since_is_compiled_again(
    kept: CompiledTemplates, tmp_path: Path
) -> None:
    (tmp_path / "compiled").mkdir()
    kept._keeping = True
    assert shown(kept, "before") == "before"
    assert len(list((tmp_path / "compiled").iterdir())) == 1
    assert shown(kept, "after") == "after"


def test_a_page_writes_no_compiled_template(kept: CompiledTemplates, tmp_path: Path) -> None:
    (tmp_path / "compiled").mkdir()
    assert shown(kept, "shown") == "shown"
    assert not list((tmp_path / "compiled").iterdir())


def test_a_page_is_shown_where_none_was_compiled(kept: CompiledTemplates) -> None:
    assert shown(kept, "shown") == "shown"


def test_a_folder_that_cannot_be_written_does_not_stop_collecting(
    kept: CompiledTemplates, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "compiled").write_text("no folder")
    call_command("collectstatic", "--no-input", "--verbosity", "0")
    assert "The panel works, and starts more slowly." in capsys.readouterr().err
    assert (tmp_path / "static/favicon.svg").exists()
