"""Both queues keep one contract: SQS (moto plays it) and the one in memory."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from chalicelib.gateways.queue import MOST_BYTES, Message, SqsQueue, batches
from infra.local.queue import Handler, MemoryQueue


class Rig(Protocol):
    """A queue with its reading side; a message that failed twice is dead."""

    queue: SqsQueue | MemoryQueue
    #: Seconds after which a failed message comes back.
    visibility: float

    def consume(self, handler: Handler) -> None: ...
    def dead(self) -> list[dict[str, Any]]: ...
    def close(self) -> None: ...


class MemoryRig:
    visibility = 0.2

    def __init__(self) -> None:
        self.queue = MemoryQueue(visibility_seconds=self.visibility, max_receives=2)

    def consume(self, handler: Handler) -> None:
        self.queue.start(handler, workers=2)

    def dead(self) -> list[dict[str, Any]]:
        return [body for _, body in self.queue.dead_letters()]

    def close(self) -> None:
        self.queue.stop()


class SqsRig:
    """Polls as Lambda's event source mapping does."""

    visibility = 1.0

    def __init__(self) -> None:
        self._aws = mock_aws()
        self._aws.start()
        self._sqs = boto3.client("sqs")
        self._dead = self._sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._dead, AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
            "maxReceiveCount": 2,
        }
        self._url = self._sqs.create_queue(
            QueueName="runs",
            Attributes={"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(redrive)},
        )["QueueUrl"]
        self.queue = SqsQueue(self._url)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def consume(self, handler: Handler) -> None:
        self._threads.append(threading.Thread(target=self._poll, args=(handler,)))
        self._threads[-1].start()

    def dead(self) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self._receive(self._dead)]

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._sqs.close()
        self._aws.stop()

    def groups(self) -> list[str]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"]
        )
        return [message["Attributes"]["MessageGroupId"] for message in answer["Messages"]]

    def _receive(self, url: str) -> list[Any]:
        return self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages", [])

    def _poll(self, handler: Handler) -> None:
        while not self._stop.wait(0.02):
            messages = self._receive(self._url)
            if not messages:
                continue
            failed = handler([(m["MessageId"], json.loads(m["Body"])) for m in messages])
            for message in messages:
                if message["MessageId"] not in failed:
                    self._sqs.delete_message(
                        QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                    )


@pytest.fixture(autouse=True)
def _aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(params=[MemoryRig, SqsRig])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made: Rig = request.param()
    yield made
    made.close()


class Reader:
    """Notes what it is handed; fails what it is told to."""

    def __init__(self, failing: frozenset[int] = frozenset()) -> None:
        self._failing = failing
        self._read: queue.SimpleQueue[tuple[float, int, dict[str, Any]]] = queue.SimpleQueue()

    def __call__(self, batch: list[tuple[str, dict[str, Any]]]) -> set[str]:
        for _, body in batch:
            self._read.put((time.monotonic(), len(batch), body))
        return {message_id for message_id, body in batch if body["n"] in self._failing}

    def next(self) -> dict[str, Any]:
        return self.next_with_time()[2]

    def next_with_time(self) -> tuple[float, int, dict[str, Any]]:
        return self._read.get(timeout=10)

    def nothing(self, seconds: float) -> bool:
        try:
            self._read.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


def message(n: int, delay: int = 0, **body: Any) -> Message:
    return Message({"n": n, **body}, delay, "team-a")


def test_a_message_arrives_once_and_as_it_was(rig: Rig) -> None:
    reader = Reader()
    rig.consume(reader)
    sent = message(1, 名="准点\u0000🕛", nested={"a": [1, None, True]})

    assert rig.queue.send([sent]) == []

    assert reader.next() == sent.body
    assert reader.nothing(rig.visibility + 0.2)


def test_a_message_does_not_arrive_before_its_delay(rig: Rig) -> None:
    reader = Reader()
    rig.consume(reader)

    begun = time.monotonic()
    rig.queue.send([message(1, delay=1), message(2)])

    assert reader.next()["n"] == 2
    arrived, _, body = reader.next_with_time()
    assert body["n"] == 1
    assert 1.0 <= arrived - begun < 2.0


def test_more_than_ten_messages_go_in_one_send_and_come_in_batches_of_ten_at_most(
    rig: Rig,
) -> None:
    rig.queue.send([message(n) for n in range(25)])
    reader = Reader()

    rig.consume(reader)

    read = [reader.next_with_time() for _ in range(25)]
    assert sorted(body["n"] for _, _, body in read) == list(range(25))
    assert max(size for _, size, _ in read) == 10


def test_a_failed_message_comes_back_and_the_others_of_its_batch_do_not(rig: Rig) -> None:
    rig.queue.send([message(n) for n in range(3)])
    reader = Reader(failing=frozenset({1}))

    rig.consume(reader)

    assert sorted(reader.next()["n"] for _ in range(3)) == [0, 1, 2]
    assert reader.next()["n"] == 1
    assert reader.nothing(rig.visibility + 0.3)
    assert [body["n"] for body in rig.dead()] == [1]


@pytest.mark.parametrize("delay", [-1, 901])
def test_a_delay_that_sqs_does_not_know_is_refused(delay: int) -> None:
    with pytest.raises(ValueError, match="0 to 900"):
        message(1, delay=delay)


def test_a_body_larger_than_sqs_takes_is_refused_and_nothing_is_sent(rig: Rig) -> None:
    reader = Reader()
    rig.consume(reader)

    with pytest.raises(ValueError, match="bytes"):
        rig.queue.send([message(1), message(2, text="x" * MOST_BYTES)])

    assert reader.nothing(0.1)


def test_large_messages_go_in_several_batches(rig: Rig) -> None:
    text = "x" * 400_000
    reader = Reader()
    rig.consume(reader)

    assert rig.queue.send([message(n, text=text) for n in range(5)]) == []

    assert sorted(reader.next()["n"] for _ in range(5)) == [0, 1, 2, 3, 4]


@given(st.lists(st.integers(1, MOST_BYTES), max_size=40))
def test_batches_hold_all_in_order_within_the_limits_of_sqs(sizes: list[int]) -> None:
    made = list(batches(["x" * size for size in sizes]))

    assert [index for batch in made for index in batch] == list(range(len(sizes)))
    assert all(1 <= len(batch) <= 10 for batch in made)
    assert all(sum(sizes[index] for index in batch) <= MOST_BYTES for batch in made)


def test_sqs_is_told_whose_message_it_is_in_letters_that_it_takes() -> None:
    rig = SqsRig()
    try:
        rig.queue.send([Message({}, 0, "team a"), Message({}, 0, "team-b:x/y=z+w@v.u_t")])

        assert sorted(rig.groups()) == ["team%20a", "team-b:x/y=z+w@v.u_t"]
    finally:
        rig.close()


def test_messages_that_do_not_reach_sqs_are_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    gone = SqsQueue("http://127.0.0.1:9/123456789012/runs")

    assert gone.send([message(n, token="s3cret") for n in range(12)]) == list(range(12))

    assert "batch not sent" in caplog.text
    assert "s3cret" not in caplog.text


def test_messages_that_sqs_refuses_are_named() -> None:
    with mock_aws():
        assert SqsQueue("https://sqs.us-east-1.amazonaws.com/123456789012/none").send(
            [message(1)]
        ) == [0]


def test_a_handler_that_raises_fails_its_whole_batch() -> None:
    done = threading.Semaphore(0)
    seen: list[int] = []

    def fail_first(batch: list[tuple[str, dict[str, Any]]]) -> set[str]:
        seen.extend(body["n"] for _, body in batch)
        done.release()
        if len(seen) <= 2:
            raise RuntimeError("as the test wants it")
        return set()

    runs = MemoryQueue(visibility_seconds=0.05)
    runs.send([message(1), message(2)])
    runs.start(fail_first, workers=1)
    assert done.acquire(timeout=10)
    assert done.acquire(timeout=10)
    runs.stop()

    assert sorted(seen) == [1, 1, 2, 2]
    assert runs.dead_letters() == []


def test_a_thousand_messages_of_one_second_are_handed_out_in_a_moment() -> None:
    runs = MemoryQueue()
    reader = Reader()
    runs.start(reader, workers=4)
    runs.send([message(n, delay=1) for n in range(1000)])

    times = [reader.next_with_time()[0] for _ in range(1000)]
    runs.stop()

    assert max(times) - min(times) < 1.0


def test_the_state_of_the_queue_can_be_read() -> None:
    now = [100.0]
    runs = MemoryQueue(monotonic=lambda: now[0])
    runs.send([message(1), message(2, delay=10)])
    now[0] += 3

    assert runs.stats() == {
        "delayed": 1,
        "ready": 1,
        "in_flight": 0,
        "dead": 0,
        "oldest_seconds": 3.0,
    }
