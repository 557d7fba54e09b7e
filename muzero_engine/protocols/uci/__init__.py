"""UCI: chess GUIs."""
