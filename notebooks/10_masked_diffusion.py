# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Masked diffusion
#
# **Question.** Text has no Gaussian noise: tokens are masked instead, and a model fills them in. Its loss is a cross-entropy with a weight. Where does the
# weight come from, which choices change the objective, and what of the Gaussian case carries over?
#
# **Assumed.** $N$ tokens with $V$ values each. The states of a token are its values $1, \dots, V$ and the mask, state $0$. The probability $\alpha_t$ that a token is still
# visible at time $t$ falls from 1, at the data, to 0. Tokens are masked independently of each other, and stay masked {cite:p}`austin2021`. From
# [](03_nelbo_in_x): the NELBO is a prior term, a reconstruction term and one divergence for each step. With these ends the first two are zero.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Between, Derivation, Falling, Integers, Ordered
from companion.derivation.masking import Masking, V, delta, i, j, marginal, move, rest, share, x, y
from companion.derivation.operators.finite_kl import FiniteKL
from companion.derivation.operators.states import StateSum
from companion.derivation.vocabulary import alpha, function, h, s, symbol, t, u

d = Derivation("masked", title="Masked diffusion")

# %% [markdown]
# ## The process forward, and its posterior
#
# In one step from $s$ to $t$ a token keeps its state with probability $\alpha_t/\alpha_s$, and is masked otherwise. Two steps are one step: the process is the same
# however finely it is cut.

# %% tags=["derivation"]
d.chain(
    "semigroup",
    StateSum(move(t, s, y, i) * move(u, t, j, y), (y, 0, V)),
    (move(u, s, j, i), "kept twice, or masked in one of the two steps"),
    domain=Ordered(s, t, u) & Masking(i, j),
    cites="Austin et al. (2021)",
)

# %% [markdown]
# Of a token that is masked at $t$, where was it at $s < t$? The joint law of both states, given the value $x$, has few terms.

# %% tags=["derivation"]
d.chain(
    "total",
    StateSum(move(t, s, 0, y) * marginal(s, y), (y, 0, V)),
    (1 - alpha(t), "masked between $s$ and $t$, or before"),
    domain=Ordered(s, t) & Masking(x),
)

# %% tags=["derivation"]
d.chain(
    "posterior",
    move(t, s, 0, y) * marginal(s, y) / (1 - alpha(t)),
    (share * delta(x, y) + rest * delta(y, 0), "Bayes' rule: the value, or else the mask"),
    domain=Ordered(s, t) & Masking(x, y),
    rests_on=["masked/total"],
    cites="Austin et al. (2021)",
)

# %% [markdown]
# ## A divergence becomes a cross-entropy
#
# The model puts its guess $\mu(y)$ of the value, given all that is visible, in the place of $x$. A visible token costs nothing, for its state is known. Of a masked token
# the posterior, $q_{s|t}(y\,|\,0, x)$ from here on, has two states with mass. In the model's law $p_{s|t}(y\,|\,0)$ the guess takes the place of $\delta_{xy}$.

# %% tags=["derivation"]
from companion.derivation.masking import guessed, posterior

mu = function("mu", r"\mu", positive=True)
d.chain(
    "step",
    FiniteKL(posterior, guessed(mu(y)), (y, 0, V)),
    (
        -share * sp.log(mu(x)),
        "at the mask both laws agree; at $x$ the share cancels in the logarithm",
    ),
    domain=Ordered(s, t) & Masking(x),
    rests_on=["masked/posterior"],
    cites="Sahoo et al. (2024); Shi et al. (2024)",
    torch="companion.chapters.masked_diffusion.counterparts.step_cost",
)

# %% [markdown]
# Given the data and $z_t$ the tokens are independent, in the process and in the model. So their divergences add up. For two of them, with laws $\pi_1, \pi_2$ and guesses
# $\mu_1, \mu_2$:

# %% tags=["derivation"]
from companion.derivation.masking import first, law_of, over_both, second

one, two = law_of(1, first), law_of(2, second)
mu_1, mu_2 = (function(f"mu_{m}", rf"\mu_{m}", positive=True) for m in (1, 2))
d.chain(
    "positions",
    over_both(one * two * sp.log(one * two / (mu_1(first) * mu_2(second)))),
    (
        FiniteKL(one, mu_1(first), (first, 1, V)) + FiniteKL(two, mu_2(second), (second, 1, V)),
        "the logarithm of a product is a sum, and each law adds up to 1",
    ),
)

# %% [markdown]
# Let $C(\alpha)$ be the expected sum of $-\log \mu(x_i)$ over the masked tokens, where each is kept with probability $\alpha$. A step costs $(\alpha_s - \alpha_t)/(1 - \alpha_t)$
# times $C(\alpha_t)$. With $c(\alpha) = C(\alpha)/(1 - \alpha)$, the cross-entropy over the share that is masked, the NELBO of $T$ steps
# is a Riemann sum, $L_T = \sum (\alpha_s - \alpha_t)\, c(\alpha_t)$.
# As code often has it, with the log-SNR $\lambda_t = \log \alpha_t/(1 - \alpha_t)$, the share is the following. In the Gaussian case the weight of $(\epsilon - \hat\epsilon)^2$ is
# $\frac12 (e^{\lambda_s - \lambda_t} - 1)$.

# %% tags=["derivation"]
lam_t, lam_s = (Abbreviation(rf"\lambda_{v}", sp.log(alpha(v) / (1 - alpha(v)))) for v in (t, s))
d.chain(
    "in-log-snr",
    alpha(s) * (1 - sp.exp(lam_t - lam_s)),
    (alpha(s) - alpha(t) * (1 - alpha(s)) / (1 - alpha(t)), "a quotient of odds"),
    (share, "one fraction"),
    domain=Ordered(s, t) & Masking(),
    cites="Shi et al. (2024)",
    torch="diffcore.masked.unmask_share",
)

# %% [markdown]
# ## Many steps
#
# With a step $h$ that tends to zero, the weight tends to a rate.

# %% tags=["derivation"]
d.chain(
    "rate",
    sp.Limit((alpha(t - h) - alpha(t)) / (h * (1 - alpha(t))), h, 0),
    (-sp.Derivative(alpha(t), t) / (1 - alpha(t)), "the slope of $\\alpha_t$, once"),
    domain=Masking(),
    cites="Sahoo et al. (2024); Shi et al. (2024)",
    torch="diffcore.masked.cross_entropy_rate",
)

# %% [markdown]
# The continuous NELBO is $L_\infty = \int_0^1 \frac{-\alpha_t'}{1 - \alpha_t}\, C(\alpha_t)\, dt$. Its integrand is the slope of an integral that knows $\alpha$ alone, so the schedule drops out:
# $L_\infty = \int_0^1 c(\alpha)\, d\alpha$, whatever the way from 1 to 0.

# %% tags=["derivation"]
from companion.derivation.masking import c, kept, over

d.chain(
    "schedule",
    sp.Derivative(sp.Integral(c(over), (over, alpha(t), 1)), t),
    (-sp.Derivative(alpha(t), t) * c(alpha(t)), "the lower end moves, and nothing else does"),
    domain=Masking(),
    rests_on=["masked/rate"],
)

# %% [markdown]
# How do $L_T$ and $L_\infty$ compare? With exact conditionals $c(\alpha)$ is the sum over tokens of the entropy of a token, given that each of the others is visible with probability
# $\alpha$. It falls with $\alpha$, since what is seen in addition never raises a conditional entropy on average. So $L_T$ is an upper sum, and a time put in between lowers it.

# %% tags=["derivation"]
from companion.derivation import at_most

low, mid, high = (symbol(f"alpha_{m}", rf"\alpha_{m}", positive=True) for m in (1, 2, 3))
d.chain(
    "refinement",
    (high - mid) * c(mid) + (mid - low) * c(low),
    (
        at_most((high - low) * c(low), equality={mid: low}),
        "$c(\\alpha_2) \\le c(\\alpha_1)$",
    ),
    domain=Ordered(low, mid, high) & Falling(c),
)

# %% [markdown]
# The gap is of first order. One step of width $h$ that ends at $\alpha$ is in excess of its share of the integral by half of its width times the fall of $c$ over it. With $T$ equal
# steps of $\alpha$ these falls add up: $L_T - L_\infty \approx (c(0) - c(1))/2T$.

# %% tags=["derivation"]
d.chain(
    "gap",
    sp.Limit((h * c(kept) - sp.Integral(c(over), (over, kept, kept + h))) / h**2, h, 0),
    (-sp.Derivative(c(kept), kept) / 2, "Taylor's theorem: the first orders cancel"),
)

# %% [markdown]
# ## Any order
#
# Write the tokens one after the other in a random order. At some point exactly the set $M$ of $k$ tokens is left, $n$ are visible, and $i \in M$ is next. The share of
# orders in which that happens is the left side below: the $n$ come first, in any order, then $i$, then the others. It is a Beta function, and so an integral over $\alpha$.

# %% tags=["derivation"]
from companion.derivation.masking import N, k, n
from companion.derivation.operators.beta import beta

d.chain(
    "orders",
    sp.factorial(k - 1) * sp.factorial(n) / sp.factorial(n + k),
    (beta(k, n + 1), "Euler's Beta function, $\\Gamma(k)\\,\\Gamma(n + 1)/\\Gamma(n + k + 1)$"),
    (sp.Integral((1 - kept) ** (k - 1) * kept**n, (kept, 0, 1)), "Euler's integral"),
    domain=Integers(n, 0, 5),
    cites="Hoogeboom et al. (2022)",
)

# %% [markdown]
# The integrand is the probability that $M$ is masked and the others are not, over the share that is masked: the right side is the weight that $L_\infty$ gives to $-\log \mu(x_i)$ under the mask $M$. Set by set the weights are equal: the NELBO of masked diffusion *is* the negative log-likelihood of
# an autoregressive model, averaged over all orders {cite:p}`hoogeboom2022,ou2025`. Collected by the number of masked tokens, with $C_k$ the mean of their
# summed cost over all sets of $k$, written $C(k)$ below:

# %% tags=["derivation"]
C, sets, of_orders = function("C"), sp.binomial(N, k), sp.factorial(k - 1) * sp.factorial(N - k)
integrand = StateSum(sets * (1 - kept) ** (k - 1) * kept ** (N - k) * C(k), (k, 1, N))
d.chain(
    "by-count",
    sp.Integral(integrand, (kept, 0, 1)),
    (
        StateSum(sets * of_orders / sp.factorial(N) * C(k), (k, 1, N)),
        "the integrals above, with $n = N - k$",
    ),
    (StateSum(C(k) / k, (k, 1, N)), "the number of sets cancels"),
    rests_on=["masked/orders"],
    cites="Ou et al. (2025)",
)

# %% [markdown]
# So $L_\infty = N\, \E\, C_k/k$ with $k$ uniform on $1, \dots, N$: $N$ times the *mean* over the masked tokens, not their sum. MaskGIT {cite:p}`chang2022` draws $r$
# uniformly, masks $k = \lceil N \cos(\pi r/2) \rceil$ tokens and, in its public code, takes their mean cost: the same form, but large $k$ are more frequent. With $m = \cos(\pi r/2)$ the probability of $k$ is

# %% tags=["derivation"]
m = symbol("m", positive=True)
d.chain(
    "maskgit",
    sp.Integral(2 / (sp.pi * sp.sqrt(1 - m**2)), (m, (k - 1) / N, k / N)),
    (2 / sp.pi * (sp.asin(k / N) - sp.asin((k - 1) / N)), "the density is an arcsine's slope"),
    domain=Integers(k, 1, 4) & Integers(N, 5, 9),
    rests_on=["masked/by-count"],
)

# %% [markdown]
# This weighting rises with the share that is masked. What such weightings bound is the subject of the next chapter.
#
# ## Scores are conditionals
#
# SEDD {cite:p}`lou2024` learns ratios of probabilities instead: that of a sequence with value $y$ at one position over that with the mask there. Let $g(y)$ be the joint probability of
# the value and of all that is visible, $G$ its sum over $y$, and $\mu(y) = g(y)/G$ the exact conditional. What happens at the other positions is common to both. The ratio does not
# depend on time but for one factor, the odds of being kept.

# %% tags=["derivation"]
from companion.derivation.masking import G, conditional, joint, odds, value

noise = Abbreviation(r"\bar\sigma_t", -sp.log(alpha(t)))
d.chain(
    "ratio",
    alpha(t) * joint(value) / ((1 - alpha(t)) * G),
    (odds * conditional(value), "the value is kept, or any value is masked"),
    (conditional(value) / (sp.exp(noise) - 1), "with the total noise $-\\log \\alpha_t$ of SEDD"),
    domain=Masking(value),
    cites="Ou et al. (2025)",
)

# %% [markdown]
# The posterior of the value itself knows no time at all: $n$ visible and $k$ masked tokens have a probability that every value shares. A network for masked diffusion needs no
# input $t$; a Gaussian denoiser does.

# %% tags=["derivation"]
pattern = alpha(t) ** n * (1 - alpha(t)) ** k
d.chain(
    "no-time",
    pattern * joint(value) / StateSum(pattern * joint(first), (first, 1, V)),
    (conditional(value), "the factor leaves the sum and cancels"),
    domain=Masking(value),
    cites="Ou et al. (2025)",
)

# %% [markdown]
# The score entropy is a generalised divergence, $\sum_y r \log(r/s) - r + s$, of the model's ratios $s = \rho_t\, \mu(y)$ from those of the known token, $r = \rho_t\, \delta_{xy}$. With a model of
# that form the masses agree, and the cross-entropy is left. Its weight is $\rho_t$ times the rate $-\alpha_t'/\alpha_t$ at which visible tokens are masked, and that is the rate above. Discrete
# flow matching {cite:p}`gat2024` with a mask as its source, under a generalised KL as in its public code, minimises the same divergence of velocities, $r$ and $s$ times one rate, and so the same loss.

# %% tags=["derivation"]
d.chain(
    "score-entropy",
    FiniteKL(odds * delta(x, value), odds * conditional(value), (value, 1, V))
    + StateSum(odds * conditional(value) - odds * delta(x, value), (value, 1, V)),
    (FiniteKL(odds * delta(x, value), odds * conditional(value), (value, 1, V)), "equal masses"),
    (-odds * sp.log(conditional(x)), "one term has mass"),
    domain=Masking(x),
    rests_on=["masked/ratio", "masked/rate"],
    cites="Lou et al. (2024); Ou et al. (2025)",
)

# %% [markdown]
# ## The bound is tight, and why
#
# For exact conditionals the NELBO is the entropy of the data. The reason is the chain rule. For two tokens with joint law $p(i, j)$:

# %% tags=["derivation"]
from companion.derivation.masking import pair, single

d.chain(
    "chain-rule",
    -over_both(pair * sp.log(pair)),
    (
        -StateSum(single * sp.log(single), (first, 1, V)) - over_both(pair * sp.log(pair / single)),
        "the entropy of one, and of the other given it",
    ),
)

# %% [markdown]
# Let $H(k)$ be the mean entropy of $k$ of the tokens, over all sets of $k$. By the chain rule $C_k/k = H(N - k + 1) - H(N - k)$: a token more is seen. The mean over orders telescopes.

# %% tags=["derivation"]
H = function("H", positive=True)
d.chain(
    "entropy",
    sp.Sum(H(k) - H(k - 1), (k, 1, N)),
    (H(N) - H(0), "$H(0) = 0$, and $H(N)$ is the entropy of the data"),
    rests_on=["masked/chain-rule", "masked/by-count"],
)

# %% [markdown]
# At every level there is more: $c(\alpha)$ is the slope of the information that the partly masked sequence has about the data. That is the mean entropy $H(\alpha)$ of what is
# visible, here for three tokens. With $H_{12}$ the entropy of the first two, and so on, $C_1 = H_{123} - \frac13 (H_{12} + H_{13} + H_{23})$, $C_2 = \frac23 (H_{12} + H_{13} + H_{23}) - \frac23 (H_1 + H_2 + H_3)$ and $C_3 = H_1 + H_2 + H_3$. In the Gaussian case the slope of the information in the SNR is $\frac12 \mathrm{mmse}$ {cite:p}`guo2005`.

# %% tags=["derivation"]
from companion.derivation.masking import C_1, C_2, C_3, information

d.chain(
    "information",
    sp.Derivative(information, kept),
    (
        3 * kept**2 * C_1 + 3 * kept * (1 - kept) * C_2 + (1 - kept) ** 2 * C_3,
        "each token's entropy, given both, one or none of the others: that is $c(\\alpha)$",
    ),
    domain=Between(kept, 0, 1),
    rests_on=["masked/chain-rule"],
    torch="companion.chapters.masked_diffusion.counterparts.slope_of_information",
)

# %% [markdown]
# ## A schedule that is learned for each value
#
# GenMD4 {cite:p}`shi2024` learns a schedule for each value of a token. Then the law of what is drawn depends on the parameter $\theta$ too, and a draw has no slope. Number the masked sequences from 1 to $V$, let $f$ be their cost with $\theta$ held, which leaves the rest to autograd, and write any law to
# first order in $\theta$ as $p_\theta \propto g\, e^{\theta \psi}$. Its score is $\psi$, up to a constant. Two independent draws $i, j$ have the slope right on average, whatever is added to all costs:

# %% tags=["derivation"]
from companion.derivation.masking import InStates, a, drawn, draws, f, mean_cost, other, psi, theta

both = drawn(first) * drawn(second) * (f(first) - f(second))
d.chain(
    "two-draws",
    over_both(both * (psi(first) - psi(second)) / 2),
    (sp.Derivative(mean_cost, theta), "the mean of a product, less the product of the means"),
    domain=InStates(V),
)

# %% [markdown]
# Of $K$ draws, each cost is compared with the mean of the others (RLOO, leave one out). That is the mean over all pairs. Below, $f(a)$ is that of draw $a$.

# %% tags=["derivation"]
of_others = (StateSum(f(other), (other, 1, draws)) - f(a)) / (draws - 1)
pairs = StateSum((f(a) - f(other)) * (psi(a) - psi(other)) / 2, (other, 1, draws))
d.chain(
    "leave-one-out",
    StateSum((f(a) - of_others) * psi(a), (a, 1, draws)) / draws,
    (StateSum(pairs, (a, 1, draws)) / (draws * (draws - 1)), "each pair, from both of its ends"),
    domain=Integers(draws, 2, 5),
    rests_on=["masked/two-draws"],
)

# %% [markdown]
# With three draws, say, one of them against the mean of both others, averaged over all three:

# %% tags=["derivation"]
from companion.derivation.masking import k as third

of_one = drawn(third) * (f(first) - (f(second) + f(third)) / 2) * psi(first)
d.chain(
    "three-draws",
    StateSum(over_both(drawn(first) * drawn(second) * of_one), (third, 1, V)),
    (sp.Derivative(mean_cost, theta), "a draw that a pair does not contain adds up to 1"),
    domain=InStates(V),
    rests_on=["masked/two-draws"],
)

# %% [markdown]
# Another draw in the place of the mean cost $\bar f$ has a price: the variance of the cost, times the mean of $\psi^2$.

# %% tags=["derivation"]
variance = StateSum(drawn(second) * (f(second) - mean_cost) ** 2, (second, 1, V))
known = StateSum(drawn(first) * psi(first) ** 2 * (f(first) - mean_cost) ** 2, (first, 1, V))
price = variance * StateSum(drawn(first) * psi(first) ** 2, (first, 1, V))
d.chain(
    "baseline",
    over_both(both * (f(first) - f(second)) * psi(first) ** 2),
    (known + price, "the second moment of one term; the draws are independent"),
    domain=InStates(V),
    rests_on=["masked/leave-one-out"],
)

# %% [markdown]
# The mean of $K - 1$ others has the variance below: a square of $K - 1$ terms has as many squares, and $(K - 1)(K - 2)$ products of two independent draws.

# %% tags=["derivation"]
mixed = over_both(drawn(first) * drawn(second) * (f(first) - mean_cost) * (f(second) - mean_cost))
others = draws - 1
d.chain(
    "mean-of-others",
    (others * variance + others * (others - 1) * mixed) / others**2,
    (variance / others, "each product has the mean 0"),
    domain=InStates(V) & Integers(draws, 2, 5),
    rests_on=["masked/baseline"],
)

# %% tags=["derivation"]
d.prose(
    "any-number-of-draws",
    "RLOO with $K$ draws has the slope of the mean cost as its mean. Each of its $K$ terms pays a $(K - 1)$-th of the price of one other draw.",
    "It is a mean over pairs. All pairs have one mean, that of two draws, since the other draws add up to 1; and a mean of equal numbers is that number. The other draws are independent of $\\psi$. The chains name at most five draws, and use nothing of that. The terms share draws, so the variance of their mean is not a $K$-th of one's.",
    rests_on=["masked/two-draws", "masked/leave-one-out", "masked/mean-of-others"],
)

# %% [markdown]
# ## Counted out
#
# Four tokens with three values each have 81 sequences, 256 with masks: few enough to look at all of them. Each bound below comes from $C_1, \dots, C_N$ by the formulas above, and by a
# route that does not know them: the divergences of the chain from matrices of moves, an integral over time, a mean over all orders, the entropy of the table.

# %%
from IPython.display import Markdown

from companion.chapters.masked_diffusion import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("10_masked_diffusion", profile)
artifacts.table(results.agreement(), "masked_bounds", **results.AGREEMENT_SHOWN, seeds=[0])

# %%
artifacts.figure(figures.bounds_figure(results.gaps()), "masked_gap", **figures.SHOWN, seeds=[0])

# %% [markdown]
# ## What carries over from the Gaussian case
#
# | | Gaussian | masked |
# |---|---|---|
# | signal | $\SNR = \alpha^2/\sigma^2$, without end | $\alpha$, from 0 to 1 |
# | NELBO | $\frac12 \int \E\lVert x - \hat x\rVert^2\, d\SNR$ | $\int c\, d\alpha$ |
# | the same in $\lambda$ | $\frac12 \int \E\lVert\epsilon - \hat\epsilon\rVert^2\, d\lambda$, $\lambda = \log \alpha^2/\sigma^2$ | $\int \alpha\, C\, d\lambda$, $\lambda = \log \alpha/(1 - \alpha)$ |
# | schedule | only its ends matter | does not matter: its ends are 1 and 0 |
# | $T$ steps | an upper sum for the exact denoiser | an upper sum for exact conditionals |
# | slope of the information | $\frac12 \mathrm{mmse}$, in the SNR | $c$, in $\alpha$ |
#
# {cite:t}`shi2025` treat both cases (its abstract says so; more of it was not read). With this $\lambda$, which is our choice, a weighting can be carried from one to the other. What is carried is a name: $w(\lambda)$ multiplies the error of $\epsilon$ in one case
# and $\alpha\, C$ in the other, as follows from the slope of $\alpha$.

# %% tags=["derivation"]
lam = symbol("lambda", r"\lambda")
logistic = Abbreviation(r"\alpha", 1 / (1 + sp.exp(-lam)), positive=True)
d.chain(
    "slope-of-alpha",
    sp.Derivative(logistic, lam),
    (logistic * (1 - logistic), "so $c\\, d\\alpha = \\alpha\\, C\\, d\\lambda$"),
)

# %% [markdown]
# Three things do not carry over. A masked token has no noise that could be predicted, so there is one target. The best guess knows no time. And $c(\alpha)$ is bounded
# at both ends: a uniform $\alpha$ is a harmless density, where the Gaussian weight grows without end as the noise vanishes.
#
# :::{admonition} Trap: an end that is nearly zero
# :class: warning
# MDLM {cite:p}`sahoo2024` can draw the masked share $m = 1 - \alpha$ log-uniformly, for a constant weight. Its
# [schedules](https://github.com/kuleshov-group/mdlm/blob/06dd29f38c1f68e99c2e4a148846a05026b478d0/noise_schedule.py) interpolate between $\log m_0$ and $\log m_1$, the ends that they reach; its
# [loss](https://github.com/kuleshov-group/mdlm/blob/06dd29f38c1f68e99c2e4a148846a05026b478d0/diffusion.py) is multiplied by $-\log m_0$ alone, and forks have inherited it. In MDLM's log-linear
# schedule $m_1 = 0.999$, and no test would see it. The chain below has the constant; the ledger refutes the other. (The plain weight there, $\bar\sigma'/(e^{\bar\sigma} - 1)$, was once
# [doubted](https://github.com/kuleshov-group/mdlm/issues/9) and is right: by {eq}`eq-masked-ratio` it is that of {eq}`eq-masked-rate`.)
# :::

# %% tags=["derivation"]
m_0, m_1, r = (symbol(name, positive=True) for name in ["m_0", "m_1", "r"])
m_r = Abbreviation("m_r", m_0 ** (1 - r) * m_1**r, positive=True)
ends = Ordered(m_0, m_1) & Between(r, 0, 1)
up_to_r = sp.Derivative(sp.Integral(c(1 - m), (m, m_0, m_r)), r)
d.chain(
    "log-uniform",
    up_to_r,
    (sp.log(m_1 / m_0) * m_r * c(1 - m_r), "$m_r' = \\log(m_1/m_0)\\, m_r$, and $m\\, c = C$"),
    domain=ends,
)

# %%
wrong = -sp.log(m_0) * m_r * c(1 - m_r)
d.refute("one-end", up_to_r, wrong, "the upper end is forgotten", domain=ends)

# %%
Markdown(results.too_large())

# %% [markdown]
# ## Exercises
#
# **1.** What does it cost to unmask all tokens in one step, with exact conditionals? And for which data do steps cost nothing?

# %% tags=["solution"]
Markdown(
    f"{results.one_step()} The first is $c(0) - L_\\infty$; the second is their total correlation, which is zero "
    f"if the tokens are independent. Then $c$ is constant, and every $L_T$ is the same. {results.independent()}"
)

# %% [markdown]
# **2.** MD4 {cite:p}`shi2024` also has $\alpha_t = 1 - t^b$. How does it weigh the cross-entropy, and what does $b$ change? Let $m_t = t^b$ be the share that is masked.

# %% tags=["derivation", "solution"]
b = symbol("b", positive=True)
m_t = Abbreviation("m_t", t**b, positive=True)
d.chain(
    "power",
    sp.Derivative(m_t, t) / m_t,
    (b / t, "another density of the same $\\alpha$: another variance of estimates, no other mean"),
    rests_on=["masked/schedule"],
)

# %% [markdown]
# ## Sources
#
# The process is that of {cite:t}`austin2021`; the bound as a weighted cross-entropy of {cite:t}`sahoo2024` and {cite:t}`shi2024`; any order of {cite:t}`hoogeboom2022` and {cite:t}`ou2025`, who
# also found that nothing depends on time and that the score entropy of {cite:t}`lou2024` is the same loss. The upper sum, the gap and the slope of the information are derived here; coding theory knows the last as the area theorem of the erasure channel.
