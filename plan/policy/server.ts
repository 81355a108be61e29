/** The policy pack's own gRPC server as a child process, and the calls of the analyzer's protocol that the engine makes. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import type * as analyzerProto from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

/** The pack that this repository holds. */
export const policyFolder = join(__dirname, "..", "..", "policy");

/**
 * How long the pack may take to come up, and one call may take, in milliseconds: long, as a start of a second takes a
 * minute on a busy machine, and nothing is won by giving up.
 */
const startTimeoutMs = 180_000;
const callTimeoutMs = 300_000;
/** As large as the engine's own limit. */
const maxMessageBytes = 400 * 1024 * 1024;

/** The policy pack did not start or did not answer: nothing can be said about the resources. */
export class PolicyRunError extends Error {
  override readonly name = "PolicyRunError";
}

function waitForPort(child: ChildProcess, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let out = "";
    let errors = "";
    const late = `The policy pack did not start within ${timeoutMs / 1_000} seconds: this machine is busy. Run the command again, or leave the policies out with --no-policy.`;
    const timer = setTimeout(() => reject(new PolicyRunError(late)), timeoutMs);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new PolicyRunError(`The policy pack did not start: ${why}${errors ? `\n${errors.trim()}` : ""}`));
    };
    child.stderr?.on("data", (data: Buffer) => (errors += data.toString()));
    child.stdout?.on("data", (data: Buffer) => {
      out += data.toString();
      const port = /^(\d+)\s*$/m.exec(out)?.[1];
      if (!port) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
    child.on("error", (error) => fail(error.message));
    child.on("exit", (code) => fail(`it ended with status ${code ?? "?"}`));
  });
}

type Unary<Response> = (
  request: unknown,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  done: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

/** A running pack. Always `close` it. */
export class PolicyServer {
  readonly #child: ChildProcess;
  readonly #client: AnalyzerClient;
  readonly #kill = () => this.#child.kill("SIGKILL");

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
    });
    process.once("exit", this.#kill);
  }

  /** Starts the pack in `folder`. It ends with this process, however that ends: it watches the pipe between them. */
  static async start(folder = policyFolder, timeoutMs = startTimeoutMs): Promise<PolicyServer> {
    const child = spawn(process.execPath, ["index.js"], {
      cwd: folder,
      env: { ...process.env, POLICY_PACK_ENDS_WITH_STDIN: "1", PULUMI_CONFIG: undefined },
      stdio: ["pipe", "pipe", "pipe"],
    });
    try {
      return new PolicyServer(child, await waitForPort(child, timeoutMs));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  #call<Response>(method: string, request: unknown): Promise<Response> {
    const unary = (this.#client as unknown as Record<string, Unary<Response>>)[method];
    return new Promise((resolve, reject) => {
      unary?.call(
        this.#client,
        request,
        new grpc.Metadata(),
        { deadline: Date.now() + callTimeoutMs },
        (error, response) => {
          if (error)
            reject(new PolicyRunError(`The policy pack failed in ${method}: ${error.details || error.message}`));
          else resolve(response);
        },
      );
    });
  }

  info = () => this.#call<analyzerProto.AnalyzerInfo>("getAnalyzerInfo", new Empty());
  configureStack = (request: analyzerProto.AnalyzerStackConfigureRequest) =>
    this.#call<unknown>("configureStack", request);
  configure = (request: analyzerProto.ConfigureAnalyzerRequest) => this.#call<unknown>("configure", request);
  analyze = (request: analyzerProto.AnalyzeRequest) => this.#call<analyzerProto.AnalyzeResponse>("analyze", request);
  analyzeStack = (request: analyzerProto.AnalyzeStackRequest) =>
    this.#call<analyzerProto.AnalyzeResponse>("analyzeStack", request);

  async close(): Promise<void> {
    process.off("exit", this.#kill);
    this.#client.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL"); // it holds nothing that would want a tidy end
    await ended;
  }
}
