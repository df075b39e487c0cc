"""The heap of crews, the queues of jobs and the log of the event loop.

Plain functions that `optimizer.simulation_loop` registers with numba. Numba's cache watches that
file only: touch it when this one changes.
"""

from __future__ import annotations

from optimizer.simulation_state import HEAP, LOGGED, WAITING, World


def log(w: World, t: float, kind: int, job: int, crew: int) -> None:
    """Add a line to the log while it has room."""
    n = w.counts[LOGGED]
    if n < len(w.log):
        w.log[n].time = t
        w.log[n].kind = kind
        w.log[n].job = job
        w.log[n].crew = crew
        w.counts[LOGGED] = n + 1


def counted(w: World, since: float, until: float) -> float:
    """Minutes of a stretch that lie in the window."""
    a = max(since, w.rules[0].window_from)
    b = min(until, w.rules[0].window_to)
    return b - a if b > a else 0.0


# --- heap of crews --------------------------------------------------------------------------


def earlier(w: World, a: int, b: int) -> bool:
    """Whether crew `a` comes before crew `b`."""
    ta, tb = w.crews[a].next_time, w.crews[b].next_time
    return bool(ta < tb or (ta == tb and a < b))


def settle(w: World, at: int) -> None:
    """Move the crew at heap position `at` up or down to where it belongs."""
    heap, n = w.heap, w.counts[HEAP]
    m = heap[at]
    while at > 0:
        above = (at - 1) // 2
        if not earlier(w, m, heap[above]):
            break
        heap[at] = heap[above]
        w.crews[heap[at]].heap_at = at
        at = above
    while True:
        below = 2 * at + 1
        if below >= n:
            break
        if below + 1 < n and earlier(w, heap[below + 1], heap[below]):
            below += 1
        if not earlier(w, heap[below], m):
            break
        heap[at] = heap[below]
        w.crews[heap[at]].heap_at = at
        at = below
    heap[at] = m
    w.crews[m].heap_at = at


def schedule(w: World, m: int, t: float) -> None:
    """Set the next event of crew `m`, in place of any other."""
    w.crews[m].next_time = t
    at = w.crews[m].heap_at
    if at < 0:
        at = w.counts[HEAP]
        w.heap[at] = m
        w.counts[HEAP] = at + 1
    settle(w, at)


def unschedule(w: World, m: int) -> None:
    """Take crew `m` off the heap."""
    at = w.crews[m].heap_at
    if at < 0:
        return
    w.crews[m].heap_at = -1
    last = w.counts[HEAP] - 1
    w.counts[HEAP] = last
    if at < last:
        w.heap[at] = w.heap[last]
        w.crews[w.heap[at]].heap_at = at
        settle(w, at)


# --- queues by unit and priority ------------------------------------------------------------


def enqueue(w: World, u: int, priority: int, j: int) -> None:
    """In order of receipt, so a job that was left comes back before later ones."""
    first, last = w.lines[u, priority].first, w.lines[u, priority].last
    w.jobs[j].following = -1
    if last < 0:
        w.lines[u, priority].first = j
        w.lines[u, priority].last = j
    elif last < j:
        w.jobs[last].following = j
        w.lines[u, priority].last = j
    elif j < first:
        w.jobs[j].following = first
        w.lines[u, priority].first = j
    else:
        before = first
        while w.jobs[before].following < j:
            before = w.jobs[before].following
        w.jobs[j].following = w.jobs[before].following
        w.jobs[before].following = j
    w.units[u].waiting += 1
    w.counts[WAITING] += 1


def dequeue(w: World, u: int, priority: int) -> None:
    """Drop the first of a line."""
    following = w.jobs[w.lines[u, priority].first].following
    w.lines[u, priority].first = following
    if following < 0:
        w.lines[u, priority].last = -1
    w.units[u].waiting -= 1
    w.counts[WAITING] -= 1
