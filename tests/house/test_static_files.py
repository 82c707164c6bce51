"""What pages link to is one style sheet, made of several."""

from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from adminpanel.static_files import StaticFiles

STATIC = settings.BASE_DIR / "static"


def test_the_style_sheet_of_pages_holds_those_that_it_imports(tmp_path: Path) -> None:
    source, collected = FileSystemStorage(STATIC), StaticFiles(tmp_path)
    sheets = sorted(str(file.relative_to(STATIC)) for file in STATIC.glob("css/*.css"))
    list(collected.post_process({name: (source, name) for name in sheets}))
    served = (tmp_path / collected.stored_name("css/panel.css")).read_text()
    assert "@import" not in served
    places = [served.find((STATIC / name).read_text()) for name in sheets if "panel" not in name]
    assert len(places) == 3
    assert min(places) > 0
    # The order of the layers is said before any of them.
    assert served.index("@layer tokens, base") < served.index("@layer components")
