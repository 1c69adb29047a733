"""A conformance harness for the REST API of Confluent Manager for Apache Flink (CMF)."""

from __future__ import annotations

__version__ = "0.3.0"
