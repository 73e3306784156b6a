"""The science of each chapter, one folder a topic.

A folder has up to four modules with fixed names: ``results`` (inputs -> tables and tensors), ``figures``
(tables -> figures), ``grid`` (the training runs it needs) and ``claims`` (what it can decide). Chapters never
import each other.
"""
