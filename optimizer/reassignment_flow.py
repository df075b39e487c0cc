r"""Who goes where at the least price: minimum-cost flow with the ways found as they are needed.

Network: source $\to$ unit that gives (one arc per step of its departure) $\to$ unit that takes (the
price of the way) $\to$ sink (one arc per step of its arrival), and a free arc past all of them.
Arrivals that a floor asks for end at their unit. The flow that does not take the free arc is the
number of moves, so a limit on moves is a supply and needs no Lagrangian, and the frontier is one
flow per limit, convex in it.

A unit that receives gives nobody. A flow may break that where a detour is cheaper than the way it
replaces; then it is a bound only, and the integer programme of `reassignment_model` decides.

Of $U^2$ ways a flow uses few. It is solved with the nearest ones; then distances $d$ in the
residual network are found (Bellman-Ford, whole numbers), and every way with
$c_{uv} + d_u - d_v < 0$ is added, until there is none. Then $d$ certifies the flow against all
$U^2$ ways, without the solver's word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.errors import SolverError
from optimizer.frozen import BoolArray, IntArray
from optimizer.moves import UNREACHABLE_MIN, whole_steps
from optimizer.reassignment_steps import paid_arrivals
from optimizer.reassignment_task import Answer, RoleTask, Transfer, objective, step_price, steps
from optimizer.result import Status
from optimizer.solver import min_cost_flow

PRICES_PER_UNIT = 1_000_000
"""Prices become whole millionths, the only scaling of prices in this file."""
METHOD = "minimum-cost flow, certified by potentials"
_NEAREST = 12
_DENSE = 3_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Arcs that are always there, and ways between givers and takers. A arcs, G givers, R takers.

    Attributes:
        tail, head, capacity, price: The arcs, shape (A,).
        supply: Of each node, shape (V,).
        giver, taker: Nodes between which the ways lead, shapes (G,) and (R,).
        way_price: Price of each way, shape (G, R).
        may: Ways that may be taken, shape (G, R).
    """

    tail: IntArray
    head: IntArray
    capacity: IntArray
    price: IntArray
    supply: IntArray
    giver: IntArray
    taker: IntArray
    way_price: IntArray
    may: BoolArray


def cheapest(net: Network) -> IntArray | None:
    """People on each way, shape (G, R), at the least price; None where there is no flow.

    Raises:
        SolverError: the solver's flow is not the cheapest.
    """
    known = _first_ways(net)
    most = int(np.maximum(net.supply, 0).sum())
    while True:
        i, j = np.nonzero(known)
        tail = np.r_[net.tail, net.giver[i]]
        head = np.r_[net.head, net.taker[j]]
        capacity = np.r_[net.capacity, np.full(len(i), most)]
        price = np.r_[net.price, net.way_price[i, j]]
        flow = min_cost_flow(tail, head, capacity, price, net.supply)
        if flow is None:
            if (known == net.may).all():
                return None
            known = net.may.copy()
            continue
        far = _distances(tail, head, capacity, price, flow, len(net.supply))
        reduced = net.way_price + far[net.giver][:, None] - far[net.taker][None, :]
        missing = net.may & ~known & (reduced < 0)
        if not missing.any():
            break
        known |= missing
    sent = np.zeros(net.way_price.shape, dtype=np.int64)
    sent[i, j] = flow[len(net.tail) :]
    return sent


def _first_ways(net: Network) -> BoolArray:
    """The cheapest ways out of each giver and into each taker."""
    shape = net.may.shape
    if net.may.size <= _DENSE or min(shape) <= _NEAREST:
        return net.may.copy()
    price = np.where(net.may, net.way_price, np.iinfo(np.int64).max)
    known = np.zeros(shape, dtype=bool)
    near = np.argpartition(price, _NEAREST, axis=1)[:, :_NEAREST]
    known[np.arange(shape[0])[:, None], near] = True
    near = np.argpartition(price, _NEAREST, axis=0)[:_NEAREST]
    known[near, np.arange(shape[1])] = True
    found: BoolArray = known & net.may
    return found


def _distances(
    tail: IntArray, head: IntArray, capacity: IntArray, price: IntArray, flow: IntArray, nodes: int
) -> IntArray:
    """Shortest distances in the residual network from a root that reaches every node for nothing.

    Raises:
        SolverError: a cycle of negative price, so the flow is not the cheapest.
    """
    ahead, back = flow < capacity, flow > 0
    source = np.r_[tail[ahead], head[back]]
    sink = np.r_[head[ahead], tail[back]]
    step = np.r_[price[ahead], -price[back]]
    far = np.zeros(nodes, dtype=np.int64)
    for _ in range(nodes + 1):
        reached = far[source] + step
        shorter = reached < far[sink]
        if not shorter.any():
            return far
        np.minimum.at(far, sink[shorter], reached[shorter])
    raise SolverError("min_cost_flow: a cheaper flow exists")


def route(task: RoleTask, change: IntArray) -> tuple[Transfer, ...] | None:
    """The fewest minutes that turn `change` of each unit into transfers; None if impossible."""
    giver, taker = np.flatnonzero(change < 0), np.flatnonzero(change > 0)
    supply = np.zeros(2 * len(change), dtype=np.int64)
    supply[giver] = -change[giver]
    supply[len(change) + taker] = -change[taker]
    pair = np.ix_(giver, taker)
    none = np.zeros(0, dtype=np.int64)
    sent = cheapest(
        Network(
            tail=none,
            head=none,
            capacity=none,
            price=none,
            supply=supply,
            giver=giver,
            taker=len(change) + taker,
            way_price=whole_steps(task.way_min[pair]),
            may=task.may[pair],
        )
    )
    return None if sent is None else _transfers(sent, giver, taker)


def decide(task: RoleTask) -> Answer | None:
    """The best transfers; None where the flow has a unit give and receive.

    Args:
        task: The question, without exchanges.
    """
    most, floors = min(task.max_moves, int(task.spare.sum())), int(task.forced.sum())
    if most < floors or (task.forced > task.room).any():
        return Answer(status=Status.INFEASIBLE, method=METHOD)
    net, giver, taker = _network(task, most, floors)
    sent = cheapest(net)
    if sent is None:
        return Answer(status=Status.INFEASIBLE, method=METHOD)
    gives, receives = giver[sent.any(axis=1)], taker[sent.any(axis=0)]
    if np.intersect1d(gives, receives).size:
        return None
    transfers = _transfers(sent, giver, taker)
    found = objective(task, transfers)
    return Answer(
        status=Status.OPTIMAL, transfers=transfers, objective=found, bound=found, method=METHOD
    )


def _network(task: RoleTask, most: int, floors: int) -> tuple[Network, IntArray, IntArray]:
    """The network of a task, and the rows of its givers and takers."""
    units = len(task.before)
    source, sink, out, into = 2 * units, 2 * units + 1, 0, units
    leaves, number = steps(np.minimum(task.spare, most))
    departure = -step_price(task.target, leaves, task.before[leaves] - number - 1)
    departure += task.worth[leaves]
    level = task.before + task.forced
    room = np.clip(task.room - task.forced, 0, most - floors)
    room = np.minimum(room, paid_arrivals(task, level, departure))
    arrives, number = steps(room)
    arrival = step_price(task.target, arrives, level[arrives] + number) - task.worth[arrives]
    prices = np.r_[departure, arrival]
    finite = np.abs(prices[np.isfinite(prices)])
    # A unit that requires nobody gives first and receives last, as in `allocation`.
    large = 10.0 * finite.max(initial=1.0)
    price = np.clip(prices, -large, large)
    price = np.r_[np.rint(price * PRICES_PER_UNIT).astype(np.int64), 0]
    supply = np.zeros(2 * units + 2, dtype=np.int64)
    supply[into : into + units] = -task.forced
    supply[source], supply[sink] = most, floors - most
    giver = np.flatnonzero(task.spare > 0)
    taker = np.flatnonzero((task.forced > 0) | (room > 0))
    pair = np.ix_(giver, taker)
    minutes = np.where(np.isfinite(task.way_min[pair]), task.way_min[pair], UNREACHABLE_MIN)
    net = Network(
        tail=np.r_[np.full(len(leaves), source), into + arrives, source],
        head=np.r_[out + leaves, np.full(len(arrives), sink), sink],
        capacity=np.r_[np.ones(len(leaves) + len(arrives), dtype=np.int64), most],
        price=price,
        supply=supply,
        giver=out + giver,
        taker=into + taker,
        way_price=np.rint(minutes * task.price_per_min * PRICES_PER_UNIT).astype(np.int64),
        may=task.may[pair],
    )
    return net, giver, taker


def _transfers(sent: IntArray, giver: IntArray, taker: IntArray) -> tuple[Transfer, ...]:
    return tuple(
        Transfer(giver=int(giver[i]), taker=int(taker[j]), people=int(sent[i, j]))
        for i, j in np.argwhere(sent > 0).tolist()
    )
