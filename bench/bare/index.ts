/** The bare program for the real engine: registers what the file holds that `BENCH_RECORDED` names. */
import { readFileSync } from "node:fs";
import { bareProgram, type Recorded } from "./program";

const { resources } = JSON.parse(readFileSync(process.env.BENCH_RECORDED ?? "", "utf8")) as Recorded;
bareProgram(resources, process.env.BENCH_AWS_VERSION)();
