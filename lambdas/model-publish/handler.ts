import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { S3Client } from "@aws-sdk/client-s3";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { clientSettings, lazily, variable } from "../common/environment";
import { artifactPlace, planChanges, recordAfter, sortVersions, type Deployable } from "./core";
import { DeployBucket } from "./deploy-bucket";
import { MlflowRegistry, type MlflowAccess } from "./mlflow";

export interface PublishClients {
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly ssm: SSMClient;
}

/** The server's certificate and the publisher's own user, read anew each time: both change. */
async function accessOf({ secrets, ssm }: PublishClients): Promise<MlflowAccess> {
  const [secret, parameter] = await Promise.all([
    secrets.send(new GetSecretValueCommand({ SecretId: variable("MLFLOW_SECRET") })),
    ssm.send(new GetParameterCommand({ Name: variable("MLFLOW_CA_PARAMETER") })),
  ]);
  const { username = "", password = "" } = JSON.parse(secret.SecretString ?? "{}") as Record<string, string>;
  return { url: variable("MLFLOW_URL"), user: username, password, certificate: parameter.Parameter?.Value };
}

/**
 * Makes the models in the deploy bucket what the alias says: copies what is new, removes what it published before and nobody
 * asks for any more, and leaves models of others alone. The list is written after every step: a call that breaks off is
 * taken up by the next one.
 */
export function makeHandler(clients: PublishClients) {
  const logger = new Logger();
  const metrics = new Metrics();
  return async () => {
    const registry = new MlflowRegistry(await accessOf(clients));
    const bucket = new DeployBucket(clients.s3, variable("DEPLOY_BUCKET"), variable("RECORD_KEY"));
    const versions = await registry.versionsWith(variable("ALIAS"));
    const { deployable, rejected } = sortVersions(versions, variable("DEPLOY_PREFIX"));
    let record = await bucket.readRecord();
    const changes = planChanges(deployable, rejected, record);
    const keep = async (published: readonly Deployable[], removed: readonly string[]) => {
      record = recordAfter(record, published, removed);
      await bucket.writeRecord(record);
    };
    for (const model of changes.publish) {
      const place = artifactPlace(await registry.artifactsOf(model.name, model.version), variable("ARTIFACTS"));
      const files = await bucket.fill(model.key, place);
      await keep([model], []);
      logger.info("published", { key: model.key, name: model.name, version: model.version, files });
    }
    for (const key of changes.remove) {
      await bucket.empty(key);
      await keep([], [key]);
      logger.info("removed", { key });
    }
    if (rejected.length > 0) logger.error("cannot be deployed", { rejected });
    metrics.addMetric("ModelsRejected", MetricUnit.Count, rejected.length);
    metrics.publishStoredMetrics();
    return {
      published: changes.publish.map(({ key }) => key),
      removed: changes.remove,
      unchanged: changes.unchanged,
      rejected,
    };
  };
}

export const handler = lazily(() =>
  makeHandler({
    s3: new S3Client(clientSettings),
    secrets: new SecretsManagerClient(clientSettings),
    ssm: new SSMClient(clientSettings),
  }),
);
