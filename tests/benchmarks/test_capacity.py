"""The simulation of many machines keeps its books: work is neither lost nor made, and limits are found."""

from dataclasses import replace

import pytest

from benchmarks.capacity import MINUTES, Cost, Demand, Plant, demand, edition, newsroom, validation

COSTS = {
    "poll": Cost(worker=0.002, parsers=0.001, database=0.001, commits=0.3),
    "page": Cost(worker=0.005, parsers=0.005, database=0.001, commits=2.0),
    "story": Cost(worker=0.002, database=0.001),
    "publish": Cost(worker=0.002, database=0.001),
    "mail": Cost(worker=0.0002, database=0.0001),
}
PLANT = Plant(machines=2, cores=2, workers=4, database_cores=4, hanging=0.0)
LOAD = Demand(polls=20.0, articles=4.0)


def test_work_that_fits_is_done_and_every_article_goes_through_all_stages():
    done = newsroom(PLANT, COSTS, LOAD).done
    assert done["poll"] == pytest.approx(20 * 60 * MINUTES, rel=0.1)
    assert done["story"] == pytest.approx(done["poll"] * 0.4, rel=0.1)
    assert done["page"] == pytest.approx(done["story"] / 2, rel=0.1)
    assert done["publish"] == pytest.approx(done["story"], rel=0.1)


def test_work_that_does_not_fit_waits_and_its_resource_is_busy():
    costs = COSTS | {"story": Cost(worker=0.5)}
    simulation = newsroom(PLANT, costs, LOAD)
    assert simulation.done["story"] < simulation.done["poll"] * 0.3
    assert simulation.utilisation(60 * MINUTES)["the worker of stories"] > 0.8


def test_a_large_mailbox_provider_bounds_an_edition_until_more_connections_send_to_it():
    _, few = edition(replace(PLANT, connections=5), COSTS, 20_000)
    _, many = edition(replace(PLANT, connections=50), COSTS, 20_000)
    assert few == pytest.approx(20_000 * (0.30 + 0.4 / 64) * 0.02 / 5, rel=0.1)
    assert many < few / 4


def test_the_polls_of_sources_are_those_of_the_schedule():
    load = demand(1_000, sample=500)
    assert 1_000 / 86_400 / 1.1 < load.polls < 1_000 / 3_600
    assert demand(2_000, sample=500).polls == pytest.approx(2 * load.polls)


def test_the_error_of_the_model_is_that_against_the_measured_speed():
    run = {
        "units": 640,
        "seconds": 6.4,
        "per_second": 100.0,
        "worker_ms": 10.0,
        "parsers_ms": 0.0,
        "server_ms": 0.0,
        "database_ms": 0.0,
        "commits": 0.0,
        "others": 0.0,
    }
    alone = {"postgresql": {"poll": run}}
    measured = {"cores": 2, "one process": alone, "workers": {"1": {"poll": run}, "2": {"poll": run}}}
    errors = {workers: error for _, workers, _, error in validation(measured)}
    assert errors == {1: pytest.approx(0.0, abs=0.05), 2: pytest.approx(1.0, abs=0.1)}
