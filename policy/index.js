// Pulumi's own loader type-checks a pack each time it starts; tsx only strips the types, and keeps what it stripped.
require("tsx/cjs");
require("./index.ts");
