/**
 * Who may import whom; `test/structure.test.ts` runs it. A line of data walks one way: stack file, config, wiring,
 * components, registered resources; the planner, the policies and the commands stand around that line.
 */
const room = (path) => `^components/${path}/`;
const faces = "/(?:index|settings|check|versions|task-size|node-groups|singletons|applications)\\.ts$";

/** What each room of components may use beside itself; every room may use `common` and `security`. */
const uses = { trading: ["network"], ml: ["network", "trading", "data"], edge: ["services"] };
const rooms = ["network", "trading", "ml", "data", "services", "edge", "operations"];

module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Two files need each other at run time: move what both need into a third one.",
      severity: "error",
      from: { pathNot: "^plan/lazy\\.ts$" }, // loads the planner's parts when they are asked for
      to: { circular: true, viaOnly: { pathNot: "^plan/lazy\\.ts$", dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "components-take-arguments",
      comment:
        "A component takes what it needs as arguments; it reads no configuration and knows neither planner nor policy.",
      severity: "error",
      from: { path: "^components/" },
      to: { pathNot: "^(components|lambdas|node_modules)/", dependencyTypesNot: ["core", "npm", "npm-dev"] },
    },
    {
      name: "common-is-the-lowest-room",
      severity: "error",
      from: { path: room("common") },
      to: { path: "^components/", pathNot: room("common") },
    },
    {
      name: "security-needs-common-alone",
      severity: "error",
      from: { path: room("security") },
      to: { path: "^components/", pathNot: room("(common|security)") },
    },
    ...rooms.map((name) => ({
      name: `rooms-of-${name}`,
      comment: "A room takes its siblings' outputs from the wiring; only the rooms named here may be imported.",
      severity: "error",
      from: { path: room(name) },
      to: { path: "^components/", pathNot: room(`(${["common", "security", name, ...(uses[name] ?? [])].join("|")})`) },
    })),
    {
      name: "lambdas-stand-alone",
      comment: "A Lambda is bundled by itself: it must not bring the infrastructure program with it.",
      severity: "error",
      from: { path: "^lambdas/" },
      to: { path: "^(?!lambdas/|node_modules/)[^/]+/", dependencyTypesNot: ["core", "npm", "npm-dev"] },
    },
    {
      name: "config-knows-shapes",
      comment: "The configuration checks with the components' plain settings; it loads no resource.",
      severity: "error",
      from: { path: "^config/" },
      to: { path: "^(wiring|plan|policy|sandbox|delivery|promotion|bench|recover|reference)/" },
    },
    {
      name: "the-program-knows-no-tool",
      comment: "What is deployed does not depend on the tools that look at it.",
      severity: "error",
      from: { path: "^(index\\.ts|wiring|components|config|lambdas|policy)" },
      to: { path: "^(plan|sandbox|delivery|promotion|bench|recover|reference|test)/" },
    },
    {
      name: "nothing-needs-tests",
      severity: "error",
      from: { pathNot: "^(test|services/[^/]+/test)/" },
      to: { path: "^(test|services/[^/]+/test)/" },
    },
    {
      name: "no-orphan",
      comment: "Nothing imports this file, and it is no entry.",
      severity: "error",
      from: { orphan: true, pathNot: "\\.d\\.ts$|/page\\.js$|^test/" },
      to: {},
    },
    {
      name: "no-undeclared-package",
      severity: "error",
      // These start the program's loader, and the examples import the program by its name.
      from: {
        pathNot: "^((bench/bare/)?index\\.ts$|policy/index\\.js$|plugin/index\\.cjs$|doctor/start\\.cjs$|examples/)",
      },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "unknown"] },
    },
    {
      name: "tests-alone-use-dev-packages",
      severity: "error",
      from: { path: "^(index\\.ts|wiring|components|config|lambdas|policy|plan)" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["type-only"],
        pathNot: "node_modules/(typescript|@types)/",
      },
    },
    {
      name: "component-keeps-its-internals",
      comment:
        "From outside of a component's folder only its faces: index, the file of its own name, settings and checks.",
      severity: "error",
      from: { path: "^(?!test/)(.+)/[^/]+$" },
      to: {
        path: "^components/[^/]+/([^/]+)/",
        pathNot: [faces, "/(?<own>[^/]+)/\\k<own>\\.ts$", "^$1/"],
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    combinedDependencies: true, // policy/ and delivery/ are Pulumi projects of their own in the program's package
    exclude: { path: "^(\\.|coverage|dist|services)" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
