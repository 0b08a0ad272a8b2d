"""Where objects are wired: configuration, backtest, live, report and commands."""
