"""The parts of bench/run; the method is told in docs/PERFORMANCE.md."""
