"""Claims on the study's protocol, run again; each says when its rule was fixed."""

from __future__ import annotations

from companion import study
from companion.chapters.as_published import rules, sample_rules, samples
from companion.chapters.as_published.curves import NEAR, SETTLED
from companion.chapters.as_published.results import FALSE_ALARM, LAST
from companion.evidence.claims import MUCH_LOWER, SHARE_RULE, Claim
from companion.evidence.intervals import CONFIDENCE

FIXED = "; fixed before one network was trained"

OURS = "networks of ours under the study's protocol, in the profile standard with narrower layers"

MENDED = (
    "; mended after a pilot of other seeds, and committed before the networks judged were trained"
)

WELCH = (
    "holds or does not hold if zero is outside the interval of the difference of means over executions "
    f"(Welch, spreads of executions pooled over data sets, {CONFIDENCE:.0%} "
)

LOGS = ", as logarithms, "

NOISE = (
    "), undecided if inside, or if neither is worse than what 95 % of exact sets of samples show"
    + MENDED
)

LESS_AT_ALL = (
    "holds or does not hold if zero is outside the interval of the mean difference over the "
    f"{len(study.DATASETS)} data sets (Student's t, {CONFIDENCE:.0%} for the targets together), "
    "undecided if inside"
)
LESS = LESS_AT_ALL + "; fixed before one network was trained, when the study's values were known"

HIGHER = (
    f"holds if the mean over the fifth of the times where it is said to be high is at least "
    f"{rules.FACTOR:g} times that over the fifth at the other end, does not hold if it is at most "
    f"1/{rules.FACTOR:g}, else undecided{FIXED}, when the study's figure was known"
)

FARTHER = f"{WELCH}for two targets and {len(samples.FEW)} step counts{NOISE}"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="levels-not-undershot",
        statement="Networks of ours, smaller than the study's and trained for less (in the profile paper: "
        "the same), end at higher losses than its own.",
        stated="nobody: losses of ours that are lower would say that its own are too high",
        measure=f"Mean training loss of the last {LAST} epochs, ours against the study's; 32 cells.",
        threshold=f"a joint test (Welch's t of logarithms, spreads pooled over data sets, Holm, "
        f"{FALSE_ALARM:.0%}): holds where ours are higher, does not hold where they are lower, undecided "
        "where it finds no difference; the test was fixed before one network was trained, this reading of "
        f"it{MENDED[1:]}",
        tables=("as_published_losses",),
        decide=rules.not_undershot,
    ),
    Claim(
        name="two-groups-again",
        statement=r"The NELBO losses of $x$ and $s$ converge to much lower values than those of $\epsilon$ "
        "and $v$: again, on networks of ours.",
        stated="the study, section 4.2 (a public summary), and its curves of loss against epoch",
        measure=f"The means of the two groups over the last {LAST} epochs, {OURS}; each data set.",
        threshold=f"does not hold if the lower mean is more than {MUCH_LOWER:g} of the higher; if "
        f"less: {SHARE_RULE}{FIXED}",
        tables=("as_published_losses",),
        decide=rules.two_groups_again,
    ),
    Claim(
        name="where-the-nelbo-is-largest",
        statement=r"The NELBO losses of $\epsilon$ and $v$ are largest near $t = 0$, that of $s$ near "
        r"$t = 0.1$, that of $x$ between $t = 0.1$ and $t = 0.25$.",
        stated="nobody: it is what a reader takes from the study's figure of loss against time, of the rings",
        measure=f"The bin of time with the largest mean loss over the last {LAST} epochs, each target and "
        f"data set, the study's networks and ours ({OURS}).",
        threshold="the range of each target is "
        + ", ".join(f"{t} {a:g} to {b:g}" for t, (a, b) in rules.PEAKS.items())
        + ": holds if all executions have their peak there (as an effect of the guard if the perfect "
        "denoiser has its own there with the guard and not without), does not hold if none has, else "
        "undecided; fixed before one network was trained, when the study's peaks on the rings were known",
        tables=("as_published_peaks",),
        decide=rules.where_it_is_largest,
    ),
    Claim(
        name="weighted-steadier",
        statement="The curves of the weighted losses vary less from epoch to epoch than those of the NELBO.",
        stated="the study, section 4.2 (a public summary: weighted losses stabilise training); of a perfect "
        "denoiser's losses it is so for most targets too, as the chapter shows",
        measure=f"Coefficient of variation of the training loss over the epochs from {SETTLED + 1} on, as a "
        "logarithm; each target, the study's networks and ours.",
        threshold=LESS,
        tables=("as_published_steadiness",),
        decide=lambda tables: rules.weighted_is_less(tables, "variation", "variation"),
    ),
    Claim(
        name="weighted-steadier-beyond-draws",
        statement="Measured in what the draws of an epoch alone make of a perfect denoiser's loss, curves "
        "of the weighted losses vary less from epoch to epoch than those of the NELBO.",
        stated="nobody: the study's statement is `weighted-steadier`; this asks whether it is about training",
        measure="The same coefficient of variation over that of the exact denoiser by an epoch's draws, "
        "as a logarithm; each target, the study's networks and ours.",
        threshold=LESS_AT_ALL
        + "; the rule of `weighted-steadier`, fixed before one network was trained, and applied "
        "to this question when the curves were known",
        tables=("as_published_steadiness",),
        decide=lambda tables: rules.weighted_is_less(
            tables, "beyond", "variation over draws alone"
        ),
    ),
    Claim(
        name="weighted-sooner",
        statement="The weighted losses converge in fewer epochs than the NELBO.",
        stated="the study, section 4.2 (a public summary)",
        measure=f"The first epoch whose training loss is at most {NEAR:.0%} above the mean of the last "
        f"{LAST}, as a logarithm; each target, the study's networks and ours.",
        threshold=LESS,
        tables=("as_published_steadiness",),
        decide=lambda tables: rules.weighted_is_less(tables, "arrives", "epochs"),
    ),
    Claim(
        name="variance-over-epochs",
        statement=r"The variance of the weighted loss is high at small $t$ for $\epsilon$, $v$ and $s$, and "
        "grows towards $t = 1$ for $x$: as the study measures it.",
        stated="the study, its figure of the variance of the weighted loss, of the rings",
        measure="Variance over all epochs of the mean training loss in a bin; each target and data set, the "
        "study's networks and ours.",
        threshold=HIGHER,
        tables=("as_published_variances",),
        decide=lambda tables: rules.high_where_said(tables, ("published", "ours")),
    ),
    Claim(
        name="variance-of-the-loss",
        statement=r"The variance of the weighted loss is high at small $t$ for $\epsilon$, $v$ and $s$, and "
        "grows towards $t = 1$ for $x$: as the words say it.",
        stated="the study, the label of its figure",
        measure="Variance of the loss of one draw in a bin, over points and noise; each target and data set, "
        "of the exact denoiser and of a network of ours.",
        threshold=HIGHER,
        tables=("as_published_variances",),
        decide=lambda tables: rules.high_where_said(tables, ("exact", "network")),
    ),
    Claim(
        name="v-best-samples-again",
        statement="On the 2-D data, predicting $v$ gives the samples closest to the data, under both "
        "objectives: again, on networks of ours, by the study's samplers.",
        stated="nobody: it is what a reader takes from the study's table of 2-D results",
        measure=f"The study's distances of mean and covariance{LOGS}v against each other target; each data "
        f"set and objective; {OURS}.",
        threshold=f"{WELCH}for the three comparisons{NOISE}",
        tables=("as_published_samples", "as_published_noise"),
        decide=lambda tables: sample_rules.v_best(tables, "own"),
    ),
    Claim(
        name="v-best-samples-one-sampler",
        statement="On the 2-D data, predicting $v$ gives the samples closest to the data, under both "
        "objectives: on networks of ours, by one sampler for all targets.",
        stated="nobody: a question that four samplers for four targets leave open",
        measure="As for `v-best-samples-again`; the deterministic sampler, even steps of the log-SNR.",
        threshold=f"{WELCH}for the three comparisons{NOISE}",
        tables=("as_published_samples", "as_published_noise"),
        decide=lambda tables: sample_rules.v_best(tables, "even"),
    ),
    Claim(
        name="eps-poor-at-few-steps",
        statement=r"At few steps samples of $\epsilon$ are farther from the data than those of $x$ and of "
        "$v$: by the study's samplers.",
        stated="the study, section 4.3 (a public summary), and its samples of the rings at nine step counts",
        measure=f"Energy distance from exact samples{LOGS}against x and against v, on the rings, both "
        f"objectives, at {', '.join(map(str, samples.FEW))} steps; {OURS}.",
        threshold=FARTHER,
        tables=("as_published_samples", "as_published_noise"),
        decide=lambda tables: sample_rules.eps_poor(tables, "own"),
    ),
    Claim(
        name="eps-poor-one-sampler",
        statement=r"At few steps samples of $\epsilon$ are farther from the data than those of $x$ and of "
        "$v$: by one sampler, the deterministic one, at the study's times.",
        stated="nobody: a question that four samplers for four targets leave open",
        measure="As for `eps-poor-at-few-steps`.",
        threshold=FARTHER,
        tables=("as_published_samples", "as_published_noise"),
        decide=lambda tables: sample_rules.eps_poor(tables, "one"),
    ),
    Claim(
        name="eps-poor-even-steps",
        statement=r"At few steps samples of $\epsilon$ are farther from the data than those of $x$ and of "
        "$v$: by one sampler, the deterministic one, with even steps of the log-SNR.",
        stated="nobody: a question that the study's times, of which the first is almost noise, leave open",
        measure="As for `eps-poor-at-few-steps`.",
        threshold=FARTHER,
        tables=("as_published_samples", "as_published_noise"),
        decide=lambda tables: sample_rules.eps_poor(tables, "even"),
    ),
    Claim(
        name="score-blurred-by-its-sampler",
        statement="Samples of $s$ are farther from the data by the study's sampler of $s$ than by one "
        "for all targets, of the same networks.",
        stated="nobody: the study, sections 4.2 and 4.3 (public summaries), calls $s$ unstable near $t = 0$ "
        "and its samples blurred; this asks for the sampler's part",
        measure=f"Energy distance from exact samples{LOGS}paired by network; each data set and objective; "
        f"the other sampler is the deterministic one, even steps of the log-SNR, and fewer of them (the "
        f"chapter says how many of each); {OURS}.",
        threshold="holds or does not hold if zero is outside the interval of the mean paired difference "
        f"over executions (Student's t, the spread pooled over data sets, {CONFIDENCE:.0%} for all "
        f"cases together), undecided if inside{MENDED}",
        tables=("as_published_samples",),
        decide=sample_rules.score_by_sampler,
    ),
    Claim(
        name="x-covers-less",
        statement="Samples of $x$ cover less of the data than those of $v$: thin or broken shapes.",
        stated="nobody: it is what a reader takes from the study's pictures of 2-D samples",
        measure="Share of data points with a sample nearer than their fifth neighbour; each data set and "
        f"objective, by the study's samplers and by one; {OURS}.",
        threshold=f"{WELCH}each{NOISE}",
        tables=("as_published_samples", "as_published_noise"),
        decide=sample_rules.x_covers_less,
    ),
    Claim(
        name="x-covers-less-weighted",
        statement="Samples of $x$ cover less of the data after the weighted loss than after the NELBO.",
        stated="nobody: it is what a reader takes from the study's pictures of 2-D samples",
        measure="As for `x-covers-less`.",
        threshold=f"{WELCH}for the four data sets), undecided if inside{MENDED}",
        tables=("as_published_samples",),
        decide=sample_rules.weighted_x_covers_less,
    ),
)
