"""The heap of crews, the queues of jobs and the log of the event loop.

Plain functions that `optimizer.simulation_loop` registers with numba. Numba's cache watches that
file only: touch it when this one changes.
"""

from __future__ import annotations

from optimizer.simulation_state import HEAP, LOGGED, WAITING, Rules, State


def log(state: State, t: float, kind: int, job: int, crew: int) -> None:
    """Add a line to the log while it has room."""
    n = state.counts[LOGGED]
    if n < len(state.log_time):
        state.log_time[n] = t
        state.log_kind[n] = kind
        state.log_job[n] = job
        state.log_crew[n] = crew
        state.counts[LOGGED] = n + 1


def counted(rules: Rules, since: float, until: float) -> float:
    """Minutes of a stretch that lie in the window."""
    a = max(since, rules.window_from)
    b = min(until, rules.window_to)
    return b - a if b > a else 0.0


# --- heap of crews --------------------------------------------------------------------------


def earlier(state: State, a: int, b: int) -> bool:
    """Whether crew `a` comes before crew `b`."""
    ta, tb = state.next_time[a], state.next_time[b]
    return bool(ta < tb or (ta == tb and a < b))


def settle(state: State, at: int) -> None:
    """Move the crew at heap position `at` up or down to where it belongs."""
    heap, where, n = state.heap, state.heap_at, state.counts[HEAP]
    m = heap[at]
    while at > 0:
        above = (at - 1) // 2
        if not earlier(state, m, heap[above]):
            break
        heap[at] = heap[above]
        where[heap[at]] = at
        at = above
    while True:
        below = 2 * at + 1
        if below >= n:
            break
        if below + 1 < n and earlier(state, heap[below + 1], heap[below]):
            below += 1
        if not earlier(state, heap[below], m):
            break
        heap[at] = heap[below]
        where[heap[at]] = at
        at = below
    heap[at] = m
    where[m] = at


def schedule(state: State, m: int, t: float) -> None:
    """Set the next event of crew `m`, in place of any other."""
    state.next_time[m] = t
    at = state.heap_at[m]
    if at < 0:
        at = state.counts[HEAP]
        state.heap[at] = m
        state.counts[HEAP] = at + 1
    settle(state, at)


def unschedule(state: State, m: int) -> None:
    """Take crew `m` off the heap."""
    at = state.heap_at[m]
    if at < 0:
        return
    state.heap_at[m] = -1
    last = state.counts[HEAP] - 1
    state.counts[HEAP] = last
    if at < last:
        state.heap[at] = state.heap[last]
        state.heap_at[state.heap[at]] = at
        settle(state, at)


# --- queues by unit and priority ------------------------------------------------------------


def enqueue(state: State, u: int, priority: int, j: int) -> None:
    """In order of receipt, so a job that was left comes back before later ones."""
    head, tail, following = state.head, state.tail, state.following
    last = tail[u, priority]
    following[j] = -1
    if last < 0:
        head[u, priority] = j
        tail[u, priority] = j
    elif last < j:
        following[last] = j
        tail[u, priority] = j
    elif j < head[u, priority]:
        following[j] = head[u, priority]
        head[u, priority] = j
    else:
        before = head[u, priority]
        while following[before] < j:
            before = following[before]
        following[j] = following[before]
        following[before] = j
    state.waiting[u] += 1
    state.counts[WAITING] += 1


def dequeue(state: State, u: int, priority: int) -> None:
    """Drop the first of a line."""
    first = state.head[u, priority]
    state.head[u, priority] = state.following[first]
    if state.head[u, priority] < 0:
        state.tail[u, priority] = -1
    state.waiting[u] -= 1
    state.counts[WAITING] -= 1
