"""What a pair's levels are worth: odds against strangers and against kin.

Belongs here: weights of compared pairs, and estimating `m` and the priors of each pair of
sources by expectation maximisation over them. Does not: comparing (predict.py), or
clusters (clusters.py).

A pair is of one person, of two people of one household (kin), or of two strangers. For
each of the three, levels are taken to be independent (Fellegi and Sunter 1969, with a
third class). Odds against both others are the sum of the odds against each, so a pair's
weight is -log2(2^-(weight against strangers) + 2^-(weight against kin)).

Sources overlap differently: workers are hardly ever pupils. So the prior that two random
records are of one person is estimated for each pair of sources; the density of kin is one
for all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from linkage.model import Model
from linkage.namesakes import Namesakes, unknown
from linkage.predict import Compared

ROUNDS = 6
SAMPLE = 400_000
PSEUDO_PAIRS = 500.0
"""Pairs' worth of trust in the model's own m."""
PSEUDO_MATCHES = 1.0
WHOLE_NAME = ("given", "surname")
"""Frequency columns of the two levels that together say: the same whole name."""
WIDEST = 1000.0
"""A source pair's prior lies within this factor of the overall one."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """Weights of pairs.

    Args:
        weight: log2 odds that the pair is of one person.
        evidence: The part of it that comes from the comparisons alone, without the prior:
            below zero the records contradict each other, near zero they say nothing.
    """

    weight: Floats
    evidence: Floats


@dataclass(frozen=True)
class Sources:
    """Which source each node is of, as a number, and how many nodes each source has."""

    of_node: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int64]

    def pair_of(self, pairs: Compared) -> npt.NDArray[np.int64]:
        """Return the number of each pair's pair of sources."""
        x, y = self.of_node[pairs.a], self.of_node[pairs.b]
        return np.minimum(x, y) * len(self.nodes) + np.maximum(x, y)

    def possible(self) -> Floats:
        """Return how many pairs of nodes each pair of sources has, by its number."""
        n = self.nodes.astype(np.float64)
        pairs = np.outer(n, n)
        np.fill_diagonal(pairs, n * (n - 1) / 2)
        return np.maximum(pairs.ravel(), 1.0)


class Weigher:
    """Weighs pairs by a model; `fit` estimates from pairs what can be estimated."""

    def __init__(
        self,
        model: Model,
        sources: Sources,
        priors: Floats | None = None,
        namesakes: Namesakes | None = None,
    ) -> None:
        """Take a model whose prior, u and kin are known, and the nodes' sources.

        Args:
            model: The model.
            sources: The nodes' sources.
            priors: By the number of the pair of sources, where they are known already.
            namesakes: The nodes' whole names; needed to fit, and where the model knows of namesakes.
        """
        self.model = model
        self.sources = sources
        self.namesakes = namesakes or unknown(len(sources.of_node))
        self.priors = np.full(len(sources.nodes) ** 2, model.prior) if priors is None else priors

    def fit(self, pairs: Compared) -> None:
        """Estimate m and the priors by expectation maximisation.

        Args:
            pairs: All blocked pairs of some weight. Beyond `SAMPLE`, evenly spread ones
                are taken, and their number scaled up.
        """
        step = max(1, len(pairs) // SAMPLE)
        sample = pairs.take(np.arange(0, len(pairs), step, dtype=np.int64))
        if not len(sample):
            return
        kind, start = self.sources.pair_of(sample), self.model
        named = self._named(sample)
        for _ in range(ROUNDS):
            share = 1 / (1 + np.exp2(-self.weigh(sample).weight))
            found = np.bincount(kind, weights=share, minlength=len(self.priors)) * step
            matches = np.asarray(found, dtype=np.float64)
            overall = self._set_priors(matches)
            bits = self.namesakes.bits(float(share[named].sum()) * step)
            self.model = replace(_with_m(start, sample, share), prior=overall, namesakes=bits)

    def learn_overlap(self, label: npt.NDArray[np.int64]) -> None:
        """Take the priors from clusters: how many pairs of nodes of each pair of sources they hold.

        Args:
            label: For each node its cluster.
        """
        count = len(self.sources.nodes)
        cell, held = np.unique(label * count + self.sources.of_node, return_counts=True)
        number = np.unique(cell // count, return_inverse=True)[1]
        table = csr_array((held.astype(np.float64), (number, cell % count)))
        together = np.asarray((table.T @ table).todense(), dtype=np.float64)
        np.fill_diagonal(together, np.bincount(cell % count, weights=held * (held - 1) / 2, minlength=count))
        self._set_priors(np.triu(together).ravel().astype(np.float64))

    def _set_priors(self, matches: Floats) -> float:
        """Set the priors from the number of matches by pair of sources; return that of any two records."""
        possible = self.sources.possible()
        found = max(float(matches.sum()), PSEUDO_MATCHES)
        overall = found / float(possible[_upper(len(self.sources.nodes))].sum())
        priors = (matches + PSEUDO_MATCHES) / possible
        self.priors = np.clip(priors, overall / WIDEST, min(overall * WIDEST, 0.5))
        return overall

    def weigh(self, pairs: Compared) -> Weights:
        """Return the weights of pairs."""
        prior = self.priors[self.sources.pair_of(pairs)]
        m, u, kin = (_summed(self.model, pairs, name) for name in ("m", "u", "kin"))
        strangers, relatives = m - u + pairs.terms, m - kin
        if self.model.namesakes:
            named = np.flatnonzero(self._named(pairs))
            kind = self.namesakes.of_pairs(pairs.a[named], pairs.b[named])
            strangers[named] -= np.array(self.model.namesakes)[kind]
        against_strangers = strangers + np.log2(prior)
        against_kin = relatives + np.log2(prior / self.model.kin_density)
        weight = -np.logaddexp2(-against_strangers, -against_kin)
        return Weights(weight, np.minimum(strangers, against_kin))

    def _named(self, pairs: Compared) -> npt.NDArray[np.bool_]:
        """Tell of each pair whether it shares a whole name."""
        same = [
            levels == number
            for comparison, levels in zip(self.model.comparisons, pairs.levels, strict=True)
            for number, level in enumerate(comparison.levels)
            if level.term in WHOLE_NAME
        ]
        both: npt.NDArray[np.bool_] = np.logical_and.reduce(same)
        return both if len(same) == len(WHOLE_NAME) else np.zeros(len(pairs), dtype=bool)


def _upper(sources: int) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = np.triu(np.ones((sources, sources), dtype=bool)).ravel()
    return mask


def _summed(model: Model, pairs: Compared, name: str) -> Floats:
    """Return for each pair the sum of log2 of one probability over the comparisons."""
    total = np.zeros(len(pairs))
    for comparison, levels in zip(model.comparisons, pairs.levels, strict=True):
        table = np.array([0.0 if x.null else math.log2(getattr(x, name)) for x in comparison.levels])
        total += table[levels]
    return total


def _with_m(model: Model, pairs: Compared, share: Floats) -> Model:
    """Return the model with m as seen among pairs, each counted by its probability, and as it was."""
    comparisons = []
    for comparison, levels in zip(model.comparisons, pairs.levels, strict=True):
        seen = np.bincount(levels, weights=share, minlength=len(comparison.levels))
        seen[0] = 0.0
        total = seen.sum() + PSEUDO_PAIRS
        comparisons.append(
            replace(
                comparison,
                levels=tuple(
                    x if x.null else replace(x, m=float((n + PSEUDO_PAIRS * x.m) / total))
                    for x, n in zip(comparison.levels, seen, strict=True)
                ),
            )
        )
    return replace(model, comparisons=tuple(comparisons))
