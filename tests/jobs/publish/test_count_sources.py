"""Number of sources of a story, in the reader's language and in others."""

from syndicate.jobs.publish.article_views import count_sources
from tests.publish.samples import related


def test_a_source_with_an_article_in_the_readers_language_is_not_foreign() -> None:
    others = [
        related(number, source_name=name, language=language)
        for number, (name, language) in enumerate(
            [
                ("Pilot", "en-gb"),
                ("Hafen", "de"),
                ("Pilot", "fr"),
                ("Port", "fr"),
                ("Mina", ""),
                ("Own", "ar"),
            ]
        )
    ]
    assert count_sources("Own", "en", others) == (5, 2)
    assert count_sources("Own", "", others) == (5, 0)
    assert count_sources("Own", "en", []) == (1, 0)
