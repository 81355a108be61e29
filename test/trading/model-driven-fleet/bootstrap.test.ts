import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseKey } from "../../../lambdas/common/model-key";
import { modelTags } from "../../../components/trading/model-driven-fleet/instance-tags";
import { userData } from "../../../components/trading/model-driven-fleet/user-data";

const settings = {
  region: "us-east-1",
  stack: "prod",
  bucket: "algo-model-deploy-prod",
  mode: "live",
  image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/model-trader:1",
  logGroup: "/trading-platform/prod/fleet",
  brokerSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:broker",
  environment: { REDIS_HOST: "redis.internal", GREETING: 'it\'s $(reboot) `id` "quoted"' },
} as const;

/** Commands of an instance that a test answers for: the metadata service, AWS's command line, Docker, systemd. */
const commands = {
  // Tags are files under $FAKE/tags; $FAKE/imds-status is answered where it exists.
  curl: String.raw`
    for argument; do url=$argument; done
    case $url in
      */api/token) echo token; exit 0 ;;
      */instance-id) echo i-0123; exit 0 ;;
    esac
    [[ "$*" == *"X-aws-ec2-metadata-token: token"* ]] || { echo "no token" >&2; exit 1; }
    while [[ $1 != --output ]]; do shift; done
    output=$2
    tag=$FAKE/tags/$(basename "$url")
    if [[ -f $FAKE/imds-status ]]; then cat "$FAKE/imds-status"; exit 0; fi
    if [[ -f $tag ]]; then cp "$tag" "$output"; printf 200; else : >"$output"; printf 404; fi`,
  // Objects are files under $FAKE/objects by the hash of their key; $FAKE/head is what head-object says of the file's own.
  aws: String.raw`
    printf '%s\n' "$*" >>"$FAKE/aws.log"
    command="$1 $2"
    while [[ $# -gt 0 ]]; do
      case $1 in
        --key) key=$2 ;; --prefix) prefix=$2 ;; --if-match) match=$2 ;;
      esac
      last=$1; shift
    done
    file=$FAKE/objects/$(printf '%s' "\${key:-}" | sha256sum | cut -c1-16)
    case $command in
      's3api head-object')
        [[ -f $file ]] || { echo 'Not Found' >&2; exit 254; }
        if [[ -f $FAKE/head ]]; then cat "$FAKE/head"; else
          printf '"%s"\t%s\tAES256\tNone\n' "$(md5sum "$file" | cut -c1-32)" "$(stat --format %s "$file")"
        fi ;;
      's3api get-object') [[ -n $match ]] || exit 1; cp "$file" "$last" ;;
      's3api list-objects-v2') cat "$FAKE/listing" ;;
      'ecr get-login-password') echo password ;;
    esac`,
  docker: String.raw`printf '%s\n' "$@" >>"$FAKE/docker.log"; [[ $1 != login ]] || cat >/dev/null`,
  systemctl: String.raw`printf '%s\n' "$*" >>"$FAKE/systemctl.log"; [[ $1 != show ]] || cat "$FAKE/exit-status"`,
};

describe("the bootstrap script", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bootstrap-"));
    for (const name of ["bin", "tags", "objects", "root"]) mkdirSync(join(folder, name));
    for (const [name, body] of Object.entries(commands)) {
      writeFileSync(join(folder, "bin", name), `#!/bin/bash\nset -u\n${body.replaceAll("\\$", "$")}\n`);
      chmodSync(join(folder, "bin", name), 0o755);
    }
    writeFileSync(join(folder, "script"), userData(settings));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const at = (...path: string[]) => join(folder, "root", ...path);
  const log = (name: string) => readFileSync(join(folder, `${name}.log`), "utf8");

  function run(...words: string[]) {
    const { PATH = "" } = process.env;
    const result = spawnSync("bash", [join(folder, "script"), ...words], {
      encoding: "utf8",
      env: { PATH: `${join(folder, "bin")}:${PATH}`, FAKE: folder, FLEET_ROOT: join(folder, "root") },
    });
    return { status: result.status, stderr: result.stderr };
  }

  function put(key: string, body: string): void {
    const hash = createHash("sha256").update(key).digest("hex").slice(0, 16);
    writeFileSync(join(folder, "objects", hash), body);
  }

  function tag(key: string, artifact: "object" | "folder" = "object"): void {
    const parsed = parseKey(key, "models/");
    assert.ok(parsed.kind === "object", key);
    for (const [name, value] of Object.entries(modelTags({ ...parsed.model, artifact }))) {
      writeFileSync(join(folder, "tags", name), value);
    }
  }

  function prepare(key: string, body = "weights") {
    tag(key);
    put(key, body);
    return run("prepare");
  }

  const key = "models/momentum/BRK.B/lstm-outer_3_inner_12";

  it("has nothing that shellcheck objects to, and fits into user data", () => {
    writeFileSync(join(folder, "script"), userData({ ...settings, environment: {} }));
    const checked = spawnSync("shellcheck", ["--shell", "bash", join(folder, "script")], { encoding: "utf8" });
    assert.equal(checked.error, undefined, "shellcheck is needed: apt-get install shellcheck");
    assert.equal(checked.stdout, "");
    assert.ok(statSync(join(folder, "script")).size < 16_384);
  });

  it("fetches an object, checks it, and writes the trader's configuration", () => {
    assert.deepEqual(prepare(key), { status: 0, stderr: "" });
    assert.equal(readFileSync(at("var/lib/model/artifact/model"), "utf8"), "weights");
    assert.deepEqual(JSON.parse(readFileSync(at("etc/model/model.json"), "utf8")), {
      key,
      type: "momentum",
      symbol: "BRK.B",
      model: "lstm",
      outer: 3,
      inner: 12,
      mode: "live",
    });
    const lines = readFileSync(at("etc/model/model.env"), "utf8").split("\n");
    for (const line of ["MODEL_SYMBOL=BRK.B", "TRADING_MODE=live", "REDIS_HOST=redis.internal", "MODEL_PATH=/model"]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(lines.includes(`GREETING=${settings.environment.GREETING}`));
    assert.equal(statSync(at("etc/model/model.env")).mode & 0o777, 0o600);
    assert.match(
      log("docker"),
      /^login\n--username\nAWS\n--password-stdin\n123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com\n/,
    );
  });

  it("takes hostile, long and foreign names as data", () => {
    const names = [
      "$(touch pwned)",
      "`touch pwned`",
      "'; touch pwned; '",
      '"\\',
      "日本🚀",
      "S".repeat(200),
      "-rf",
      "a b",
    ];
    for (const name of names) {
      const odd = `models/${name}/${name}/${name}-outer_0_inner_0`;
      assert.deepEqual(prepare(odd), { status: 0, stderr: "" }, name);
      const { type, symbol, model } = JSON.parse(readFileSync(at("etc/model/model.json"), "utf8")) as Record<
        string,
        string
      >;
      assert.deepEqual([type, symbol, model], [name, name, name]);
      assert.ok(readFileSync(at("etc/model/model.env"), "utf8").includes(`\nMODEL_SYMBOL=${name}\n`));
      for (const one of Object.keys(modelTagsOf(odd))) rmSync(join(folder, "tags", one));
    }
    assert.equal(existsSync("pwned"), false);
  });

  const modelTagsOf = (odd: string) => {
    const parsed = parseKey(odd, "models/");
    assert.ok(parsed.kind === "object");
    return modelTags({ ...parsed.model, artifact: "object" });
  };

  it("fetches a folder with all that lies under it", () => {
    tag(key, "folder");
    put(`${key}/model.pkl`, "weights");
    put(`${key}/deep/features.json`, "{}");
    writeFileSync(join(folder, "listing"), `${key}/\n${key}/deep/features.json\n${key}/model.pkl\n`);
    assert.deepEqual(run("prepare"), { status: 0, stderr: "" });
    assert.equal(readFileSync(at("var/lib/model/artifact/model.pkl"), "utf8"), "weights");
    assert.equal(readFileSync(at("var/lib/model/artifact/deep/features.json"), "utf8"), "{}");
  });

  it("refuses a folder that holds nothing, or leads out of itself", () => {
    tag(key, "folder");
    writeFileSync(join(folder, "listing"), "None\n");
    assert.match(run("prepare").stderr, /no object lies under/);
    writeFileSync(join(folder, "listing"), `${key}/../../../etc/cron.d/x\n`);
    assert.match(run("prepare").stderr, /leads out of its folder/);
    assert.equal(existsSync(at("etc/model/model.json")), false);
  });

  it("refuses an artifact that is not what S3 or its builder says, and keeps the one it has", () => {
    assert.equal(prepare(key, "first").status, 0);
    const wrong: [string, RegExp][] = [
      [`"x"\t99\tAES256\tNone\n`, /came with another length than 99 bytes/],
      [`"${"0".repeat(32)}"\t6\tAES256\tNone\n`, /does not have its ETag's MD5/],
      [`"x"\t6\taws:kms\t${"0".repeat(64)}\n`, /is not what its builder signed with sha256/],
    ];
    for (const [head, message] of wrong) {
      writeFileSync(join(folder, "head"), head);
      const { status, stderr } = prepare(key, "second");
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.equal(readFileSync(at("var/lib/model/artifact/model"), "utf8"), "first");
    }
    const signed = createHash("sha256").update("second").digest("hex");
    writeFileSync(join(folder, "head"), `"${"0".repeat(32)}"\t6\taws:kms\t${signed}\n`);
    assert.equal(prepare(key, "second").status, 0);
  });

  it("refuses tags that the deployment did not write", () => {
    tag(key);
    put(key, "weights");
    writeFileSync(join(folder, "tags", "model-key"), `${key}9`);
    assert.match(run("prepare").stderr, /the tags are not those that the deployment wrote/);
    rmSync(join(folder, "tags", "model-symbol"));
    assert.match(run("prepare").stderr, /this instance has no tag model-symbol/);
  });

  it("does not take a failing metadata service for a missing tag", () => {
    tag(key);
    writeFileSync(join(folder, "imds-status"), "503");
    assert.match(run("prepare").stderr, /the metadata service does not say the tag model-key/);
  });

  it("installs itself, its services and the drain hook, and starts the trader", () => {
    assert.deepEqual(run(), { status: 0, stderr: "" });
    assert.equal(readFileSync(at("usr/local/sbin/model-instance"), "utf8"), userData(settings));
    const trader = readFileSync(at("etc/systemd/system/model-trader.service"), "utf8");
    for (const line of ["Restart=always", "OnFailure=model-failed.service", "WantedBy=multi-user.target"]) {
      assert.ok(trader.split("\n").includes(line), line);
    }
    assert.match(log("systemctl"), /enable --now --no-block model-trader\.service/);
    assert.equal(statSync(at("opt/trading/hooks/drain")).mode & 0o111, 0o111);
  });

  it("runs the trader without privileges, and with the model read-only", () => {
    assert.equal(run("run").status, 0);
    const words = log("docker").split("\n");
    for (const word of [
      "--read-only",
      "--cap-drop",
      "no-new-privileges",
      `${at("var/lib/model/artifact")}:/model:ro`,
    ]) {
      assert.ok(words.includes(word), word);
    }
    assert.ok(words.includes("awslogs-stream=i-0123"));
    assert.ok(!words.includes("--privileged"));
  });

  it("counts a failure, and drains with 10 where a position stays open", () => {
    assert.equal(run("failed").status, 0);
    assert.match(
      log("aws"),
      /put-metric-data --namespace trading-platform\/fleet --metric-name TraderFailed .*--dimensions Stack=prod/,
    );
    writeFileSync(join(folder, "exit-status"), "0");
    assert.equal(run("drain").status, 0);
    writeFileSync(join(folder, "exit-status"), "10");
    assert.equal(run("drain").status, 10);
    assert.equal(run("dance").status, 1);
  });
});
