import * as provider from "@pulumi/pulumi/provider";
import { shortHash } from "../../../components/common/naming";
import { planAnswers } from "../../../plan/evaluate/answers";

/**
 * A provider in the aws plugin's place, for machines that have not got it. It knows no type of AWS; it holds what the
 * engine gives it and keeps three rules of every cloud: an input is known when a resource is made, a name is taken once,
 * and nothing goes while something that refers to it is still there.
 */
type Values = Record<string, unknown>;

interface Held {
  readonly urn: string;
  readonly id: string;
  readonly inputs: Values;
}

/** What stands for a value that is not known before `up`. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Where a resource's inputs are kept among its outputs, so that a later program can be compared with them. */
const inputsKey = "__inputs";

/** Inputs that name a resource in its account. */
const nameInputs: Readonly<Record<string, string>> = {
  "aws:s3/bucket:Bucket": "bucket",
  "aws:iam/role:Role": "name",
  "aws:secretsmanager/secret:Secret": "name",
  "aws:cloudwatch/logGroup:LogGroup": "name",
  "aws:ssm/parameter:Parameter": "name",
  "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
};

const typeOf = (urn: string) => urn.split("::")[2]?.split("$").pop() ?? "";
const nameOf = (urn: string) => urn.split("::").slice(3).join("::");

/** Every text in a value. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(texts);
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
}

class StandInProvider implements provider.Provider {
  readonly version = "7.48.0";
  private readonly held = new Map<string, Held>();
  private readonly answers = planAnswers("us-east-1");
  private made = 0;

  check(_urn: string, _olds: Values, news: Values): Promise<provider.CheckResult> {
    return Promise.resolve({ inputs: news });
  }

  diff(_id: string, _urn: string, olds: Values, news: Values): Promise<provider.DiffResult> {
    return Promise.resolve({ changes: JSON.stringify(sorted(olds[inputsKey])) !== JSON.stringify(sorted(news)) });
  }

  create(urn: string, inputs: Values): Promise<provider.CreateResult> {
    if (texts(inputs).includes(unknown)) throw new Error(`${nameOf(urn)} was made with an input that is not known`);
    const type = typeOf(urn);
    const name = nameInputs[type] === undefined ? undefined : inputs[nameInputs[type]];
    for (const other of this.held.values()) {
      if (typeof name === "string" && typeOf(other.urn) === type && other.inputs[nameInputs[type] ?? ""] === name) {
        throw new Error(`AlreadyExists: ${type} ${name} is ${nameOf(other.urn)}'s`);
      }
    }
    const physical = `${nameOf(urn)}-${shortHash(`${urn}-${++this.made}`, 7)}`;
    const answered = this.answers.newResource({ type, name: physical, inputs, id: "" }) as {
      id: string;
      state: Values;
    };
    this.held.set(answered.id, { urn, id: answered.id, inputs });
    return Promise.resolve({ id: answered.id, outs: { ...answered.state, [inputsKey]: inputs } });
  }

  update(id: string, urn: string, olds: Values, news: Values): Promise<provider.UpdateResult> {
    this.held.set(id, { urn, id, inputs: news });
    return Promise.resolve({ outs: { ...olds, ...news, [inputsKey]: news } });
  }

  delete(id: string): Promise<void> {
    // An id that another id begins with would be found in it; whole texts only.
    const user = [...this.held.values()].find((other) => other.id !== id && texts(other.inputs).includes(id));
    if (user) throw new Error(`DependencyViolation: ${nameOf(user.urn)} still refers to ${id}`);
    this.held.delete(id);
    return Promise.resolve();
  }

  invoke(token: string, inputs: Values): Promise<provider.InvokeResult> {
    return Promise.resolve({ outputs: this.answers.call({ token, inputs }) });
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

void provider.main(new StandInProvider(), process.argv.slice(2));
