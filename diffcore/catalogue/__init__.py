"""Published objectives as rows: a weighting each, one to a file.

>>> import diffcore as dc
>>> dc.catalogue.MinSNR(5)
MinSNR(gamma=5.0)
"""

from diffcore.catalogue.edm import EDM
from diffcore.catalogue.min_snr import MinSNR
from diffcore.catalogue.p2 import P2
from diffcore.catalogue.sigmoid import Sigmoid

__all__ = ["EDM", "P2", "MinSNR", "Sigmoid"]
