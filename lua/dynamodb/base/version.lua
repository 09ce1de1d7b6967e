--- The version of this library: the same here, in CHANGELOG.md and wherever it is told.
return "0.3.0"
