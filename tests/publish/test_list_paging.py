"""Pages of long lists are counted from the oldest and keep their articles."""

from syndicate.publish.lists.list_paging import CUT_AT, LONGEST, PAGE, cut, last_kept, neighbours, numbers_at


def places(count: int, start: int = 0) -> list[tuple[int, int]]:
    return [(number, number) for number in range(start, start + count)]


def test_the_first_page_keeps_between_thirty_and_fifty_nine_articles():
    for count in range(300):
        pages = cut(0, places(count))
        rest = count - sum(map(len, pages.values()))
        assert rest < CUT_AT
        assert rest >= PAGE or not pages
        assert all(len(page) == PAGE for page in pages.values())
        assert list(pages) == list(range(1, len(pages) + 1))


def test_a_new_page_holds_the_oldest_articles_of_the_first_page():
    assert cut(4, places(CUT_AT)) == {5: places(PAGE)}


def test_a_time_is_on_the_page_whose_last_place_follows_it():
    bounds = {1: (10, 1), 2: (20, 1), 4: (40, 1)}
    assert numbers_at(bounds, 5, 6) == [1]
    assert numbers_at(bounds, 10, 10) == [1, 2]
    assert numbers_at(bounds, 15, 30) == [2, 4]
    assert numbers_at(bounds, 41, 50) == []


def test_a_page_that_grew_too_long_is_cut_again_with_all_newer_pages():
    bounds = {1: (10, 1), 2: (20, 1), 3: (30, 1)}
    newest = places(PAGE, 31)
    assert last_kept(bounds, {2: places(LONGEST)}, newest) is None
    assert last_kept(bounds, {2: places(LONGEST + 1)}, newest) == 1
    assert last_kept(bounds, {1: places(LONGEST + 1)}, newest) == 0


def test_a_short_first_page_takes_back_the_newest_page():
    assert last_kept({1: (10, 1), 2: (20, 1)}, {}, places(3, 21)) == 1
    assert last_kept({}, {}, places(3)) is None


def test_a_changed_page_changes_the_pages_that_link_to_it():
    assert neighbours([1, 2, 3, 5], [5]) == {3, 5}
    assert neighbours([1, 3], [2]) == {1, 3}
    assert neighbours([1, 2, 3], []) == set()
