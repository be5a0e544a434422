"""The golden images of the digest are those of the present templates and of the demo's content."""

from tests.newsletter.digest_images import COMMAND, FOLDER, IMAGES, RECORD, fingerprint


def test_the_images_were_made_after_the_last_change_of_templates_or_content() -> None:
    recorded = RECORD.read_text(encoding="utf-8").strip()
    assert recorded == fingerprint(), f"Run `{COMMAND}`, look at docs/images/digest-*.png, commit."


def test_every_image_is_there_and_small() -> None:
    sizes = {name: (FOLDER / f"{name}.png").stat().st_size for name, *_ in IMAGES}
    assert [name for name, size in sizes.items() if size >= 90_000] == []
