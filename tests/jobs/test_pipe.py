import pytest

from understudy.jobs.pipe import Pipe


def test_work_is_done_in_the_order_it_was_put():
    done = []
    with Pipe(depth=2) as pipe:
        for number in range(50):
            pipe.put(done.append, number)
    assert done == list(range(50))


def test_an_error_in_the_last_piece_of_work_is_raised_at_the_end():
    with pytest.raises(ZeroDivisionError), Pipe() as pipe:
        pipe.put(lambda: 1 // 0)


def test_nothing_is_done_after_an_error():
    done = []

    def work():
        with Pipe(depth=1) as pipe:
            pipe.put(lambda: 1 // 0)
            for number in range(10):
                pipe.put(done.append, number)

    with pytest.raises(ZeroDivisionError):
        work()
    assert done == []


def test_an_error_of_the_producer_is_not_hidden_by_the_pipe():
    def work():
        with Pipe():
            raise KeyError("producer")

    with pytest.raises(KeyError):
        work()
