import program from "./index";
import { planAnswers } from "./plan/evaluate/answers";
import { runProgram } from "./plan/evaluate/monitor";
const n = process.argv[2];
(async () => {
  const t0 = performance.now(); const c0 = process.cpuUsage();
  const r = await runProgram(() => (program as any)({warn(){}, models(){}}), { project: "trading-platform", stack: "perf", config: {"aws:region":"us-east-1","trading-platform:stage":"prod","trading-platform:owner":"t","trading-platform:network": JSON.stringify({cidr:"10.0.0.0/16"}),"trading-platform:fleet":JSON.stringify({source:"listing",listing:`/tmp/fleet-probe/l${n}.txt`})}, answers: planAnswers("us-east-1") } as any);
  console.log(n, r.resources.length, Math.round(performance.now()-t0), "ms cpu", Math.round(process.cpuUsage(c0).user/1e3+process.cpuUsage(c0).system/1e3), Math.round(process.memoryUsage().heapUsed/1e6), "MB heap", Math.round(process.resourceUsage().maxRSS/1e3), "MB rss");
})();
