/** Image Builder's documents, from the scripts beside this file: pure texts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { shortHash } from "../../common/naming";
import { bootScript } from "../../common/user-data";

/** What the image holds. */
export interface GpuSoftware {
  /** Branch of NVIDIA's open driver, such as `580`. */
  readonly driverBranch: string;
  /** Release of CUDA, such as `13.0`. */
  readonly cudaRelease: string;
  /** Image that the test runs in a container. */
  readonly testImage: string;
}

/** Longest document that Image Builder takes without a bucket, in characters. */
export const maximumDocument = 16_000;

const textOf = (file: string) => readFileSync(join(__dirname, file), "utf8");
const versions = ({ driverBranch, cudaRelease }: GpuSoftware) => ({
  GPU_DRIVER_BRANCH: driverBranch,
  GPU_CUDA_RELEASE: cudaRelease,
});

/** The scripts as an instance runs them. */
export const installScript = (software: GpuSoftware): string => bootScript(versions(software), textOf("install.sh"));
export const testScript = (software: GpuSoftware): string =>
  bootScript({ ...versions(software), GPU_TEST_IMAGE: software.testImage }, textOf("test.sh"));

function document(name: string, description: string, phase: "build" | "test", text: string): string {
  // A file, not lines of YAML: Image Builder would take {{ }} in a command for a variable of its own.
  const commands = [
    `base64 -d <<<'${Buffer.from(text, "utf8").toString("base64")}' >/tmp/${name}.sh`,
    `bash /tmp/${name}.sh`,
  ];
  const steps = [
    { name: "Run", action: "ExecuteBash", timeoutSeconds: 3600, onFailure: "Abort", inputs: { commands } },
  ];
  return stringify({ name, description, schemaVersion: "1.0", phases: [{ name: phase, steps }] });
}

/** Installs the software while the image is built. */
export const installDocument = (software: GpuSoftware): string =>
  document("gpu-install", "NVIDIA driver, CUDA and container toolkit", "build", installScript(software));

/** Fails the build where the GPU of an instance from the image is not usable. */
export const testDocument = (software: GpuSoftware): string =>
  document("gpu-test", "The GPU is usable by driver, CUDA and containers", "test", testScript(software));

/**
 * A version for what never changes once it is made: another content is another version. The last number is the content's
 * hash, as Image Builder takes numbers up to 2^30 - 1; it says nothing of the order.
 */
export function versionOf(...contents: readonly string[]): string {
  return `1.0.${parseInt(shortHash(contents.join("\u0000"), 7), 16)}`;
}
