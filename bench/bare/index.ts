/** The bare program for the real engine: registers what the file holds that `BENCH_RECORDED` names. */
import "tsx/cjs"; // compiled as the platform's program is
import { readFileSync } from "node:fs";
import { withoutPromiseTraces } from "../../wiring/promise-traces";
import { bareProgram, type Recorded } from "./program";

const { resources } = JSON.parse(readFileSync(process.env.BENCH_RECORDED ?? "", "utf8")) as Recorded;
withoutPromiseTraces(); // in both
bareProgram(resources, process.env.BENCH_AWS_VERSION)();
