# %% [markdown]
# # Topics of texts
#
# Texts as counts of words are sums of topics. Two losses: Kullback-Leibler of the counts, which is the likelihood of
# words that are drawn from topics, and frobenius of weighted counts (tf-idf).
#
# Without an argument the texts are the documentation of scikit-learn's estimators, of which it is known in which
# module each stands. With the 20 newsgroups (scikit-learn downloads them), or with a file that has a text in each line:
#
#     python topic_extraction.py 20newsgroups --topics 20 --out topics.png
#     python topic_extraction.py texts.txt --topics 20 --out topics.png

# %%
import argparse
import inspect
import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import fetch_20newsgroups
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer, TfidfTransformer

from partwise import NMF

parser = argparse.ArgumentParser(description="Topics of texts, by two losses.")
parser.add_argument("texts", nargs="?", help="20newsgroups; a text a line; or .npz with counts, a row for each text")
parser.add_argument("--words", help="the words that belong to the columns of the .npz, one a line")
parser.add_argument("--labels", help="what each text is about, one a line")
parser.add_argument("--topics", type=int, default=8)
parser.add_argument("--out", help="write a picture to this file")
# In a notebook the arguments are the notebook's.
arguments, _ = parser.parse_known_args()


# %%
def documentation():
    """The documentation of each estimator of scikit-learn, and the module that it is from."""
    from sklearn.utils.discovery import all_estimators

    texts, modules = [], []
    for _, estimator in all_estimators():
        # What it is and what its parameters do. Examples are code, and references are names.
        text = inspect.getdoc(estimator).split("\nReferences\n")[0].split("\nExamples\n")[0]
        texts.append(text)
        modules.append(estimator.__module__.split(".")[1])
    return texts, np.array(modules)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def counted(texts):
    """Counts of words in each text, and the words: not those in most texts, nor those in hardly any."""
    vectorizer = CountVectorizer(max_df=0.5, min_df=5, stop_words="english", token_pattern=r"[a-zA-Z]{3,}")
    return vectorizer.fit_transform(texts), vectorizer.get_feature_names_out()


labels = np.array(lines(arguments.labels)) if arguments.labels else None
if arguments.texts is None:
    texts, labels = documentation()
    counts, words = counted(texts)
elif arguments.texts == "20newsgroups":
    news = fetch_20newsgroups(remove=("headers", "footers", "quotes"))
    labels = np.array(news.target_names)[news.target]
    counts, words = counted(news.data)
elif arguments.texts.endswith(".npz"):
    counts, words = sp.csr_array(sp.load_npz(arguments.texts)), np.array(lines(arguments.words))
    in_texts = np.bincount(counts.indices, minlength=counts.shape[1])
    stop = [word.lower() in ENGLISH_STOP_WORDS or len(word) < 3 for word in words]
    kept = (in_texts >= 5) & (in_texts <= counts.shape[0] / 2) & ~np.array(stop)
    counts, words = counts[:, kept], words[kept]
else:
    counts, words = counted(lines(arguments.texts))

has_words = np.asarray(counts.sum(axis=1)).ravel() > 0
counts = sp.csr_array(counts[has_words]).astype(float)
labels = None if labels is None else labels[has_words]
above_zero = counts.nnz / np.prod(counts.shape)
print(f"{counts.shape[0]} texts, {counts.shape[1]} words, {above_zero:.1%} of the counts above zero")

# %% [markdown]
# ## Two models
#
# `normalize="l1"` makes a row of H the probabilities of words in a topic, and W the number of words that a text has
# of each.

# %%
fits = {}
for name, X, model in (
    ("Kullback-Leibler of counts", counts, NMF(arguments.topics, solver="auto", beta_loss="kl", normalize="l1")),
    ("frobenius of tf-idf", TfidfTransformer().fit_transform(counts), NMF(arguments.topics, normalize="l1")),
):
    model.set_params(random_state=0, max_iter=500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = model.fit_transform(X)
    fits[name] = W, model.components_
    print(f"\n{name}: {model.status_} after {model.n_iter_} iterations")
    for topic, weights in enumerate(model.components_):
        # A word tells of a topic if it has more of it than other topics have.
        telling = weights * np.log(np.maximum(weights, 1e-12) / np.maximum(model.components_.mean(axis=0), 1e-12))
        share = W[:, topic].sum() / W.sum()
        print(f"{topic:3} {share:4.0%}  {' '.join(words[np.argsort(-telling)[:9]])}")
    if labels is not None:
        mine = W.argmax(axis=1)
        right = sum(np.unique(labels[mine == topic], return_counts=True)[1].max() for topic in np.unique(mine))
        most = np.unique(labels, return_counts=True)[1].max()
        print(f"texts with the commonest label of their largest topic: {right / len(labels):.0%}", end="")
        print(f"; with the commonest of all: {most / len(labels):.0%}")

# %% [markdown]
# ## The picture

# %%
if arguments.out:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    W, H = fits["Kullback-Leibler of counts"]
    shown = min(8, arguments.topics)
    figure, axes = plt.subplots(2, (shown + 1) // 2, figsize=(2.2 * ((shown + 1) // 2), 5.5), squeeze=False)
    for axis in axes.flat[shown:]:
        axis.axis("off")
    for topic, axis in enumerate(axes.flat[:shown]):
        top = np.argsort(-H[topic])[:10]
        axis.barh(words[top], H[topic, top], color="tab:blue")
        axis.invert_yaxis()
        axis.set_title(f"topic {topic}, {W[:, topic].sum() / W.sum():.0%}", fontsize=9)
        axis.tick_params(labelsize=8)
        axis.set_xticks([])
    figure.tight_layout(pad=0.5)
    figure.savefig(arguments.out, dpi=120)
    print("picture in", arguments.out)
