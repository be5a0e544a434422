"""Queue of responses between the network and the threads that process them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from syndicate.jobs.ingest.poll_batches import (
    MAX_BATCH,
    MAX_BATCH_BYTES,
    MAX_QUEUED,
    BatchQueue,
    SourceResponse,
)
from syndicate.model import Source, SourceState
from syndicate.net import Fetched, FetchRequest

REQUEST = FetchRequest(url="https://harbour.example/feed")
FETCHED = Fetched(request=REQUEST, url=REQUEST.url, status=200, unchanged=False)


def response(size: int, *, feed_skeleton_hash: str = "") -> SourceResponse:
    """Return a response with so many bytes, of a new source or of a source with a ``feed_skeleton_hash``."""
    source = Source(id=1, name="harbour", url=REQUEST.url)
    return source, SourceState(feed_skeleton_hash=feed_skeleton_hash), replace(FETCHED, body=bytes(size))


def queue_of(*sizes: int, feed_skeleton_hash: str = "") -> BatchQueue:
    queue = BatchQueue()
    for size in sizes:
        queue.put(response(size, feed_skeleton_hash=feed_skeleton_hash))
    return queue


def take(queue: BatchQueue) -> list[int]:
    """Return the sizes of the responses in the next batch."""
    return [len(fetched.body) for _, _, fetched in queue.take() if isinstance(fetched, Fetched)]


def test_a_batch_has_all_waiting_responses_in_order():
    queue = queue_of(3, 1, 2)
    assert take(queue) == [3, 1, 2]
    assert take(queue) == []


def test_a_batch_is_limited():
    queue = queue_of(*range(MAX_BATCH + 1))
    assert take(queue) == list(range(MAX_BATCH))
    assert take(queue) == [MAX_BATCH]


def test_no_response_joins_large_responses():
    queue = queue_of(1, MAX_BATCH_BYTES, 2)
    assert take(queue) == [1, MAX_BATCH_BYTES]
    assert take(queue) == [2]


def test_large_responses_of_known_sources_share_a_batch():
    assert (
        take(
            queue_of(*(MAX_BATCH_BYTES,) * 3, feed_skeleton_hash="feed_skeleton_hash"),
        )
        == [MAX_BATCH_BYTES] * 3
    )


def test_a_full_queue_blocks_until_a_batch_is_taken():
    queue = BatchQueue()
    sizes = range(3 * MAX_QUEUED)
    with ThreadPoolExecutor(1) as network:
        for size in sizes:
            network.submit(queue.put, response(size))
        taken: list[int] = []
        while len(taken) < len(sizes):
            batch = take(queue)
            assert len(batch) <= MAX_BATCH
            taken += batch
    assert taken == list(sizes)
