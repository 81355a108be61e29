import type * as aws from "@pulumi/aws";
import { bucketTypes, companionsOf, companionTypes } from "../frame/buckets";
import { statementsOf, type Allowed } from "../frame/documents";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { forEachKnown, ifKnown, isGiven, listOf } from "../frame/values";

const kmsAlgorithms = ["aws:kms", "aws:kms:dsse"];

interface DefaultEncryption {
  readonly sseAlgorithm?: string;
  readonly kmsMasterKeyId?: string;
}

/** Says what is wrong with a bucket's default encryption. S3's own keys encrypt too, so they are no more than advised against. */
function checkDefault(given: DefaultEncryption | undefined, report: Report): void {
  if (!given?.sseAlgorithm) report("no default encryption is set");
  else if (!kmsAlgorithms.includes(given.sseAlgorithm)) {
    report(`objects are encrypted with ${given.sseAlgorithm}, not with a customer key`, { advisory: true });
  } else if (!isGiven(() => given.kmsMasterKeyId))
    report("objects are encrypted with AWS's own key, not with a customer key");
}

export const s3BucketEncrypted: Policy = {
  name: "s3-bucket-encrypted",
  description: "Buckets encrypt their objects by default, with a customer key.",
  severity: "critical",
  level: "mandatory",
  fix: "Give the bucket an aws.s3.BucketServerSideEncryptionConfiguration with aws:kms and a customer key",
  url: reference("s3/bucketserversideencryptionconfiguration"),
  frameworks: [pci("3.5.1")],
  checkov: checkov(19, 145),
  rules: [
    ...on<aws.s3.BucketArgs>(bucketTypes, (bucket, report) => {
      if (bucket.serverSideEncryptionConfiguration) {
        checkDefault(bucket.serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault, report);
      }
    }),
    ...on<aws.s3.BucketServerSideEncryptionConfigurationArgs>(
      companionTypes("BucketServerSideEncryptionConfiguration"),
      (configuration, report) => {
        const rules = listOf(configuration.rules);
        if (rules.length === 0) report("no default encryption is set");
        for (const rule of rules) checkDefault(rule.applyServerSideEncryptionByDefault, report);
      },
    ),
  ],
  stackRule: (stack, report) => {
    for (const bucket of stack.ofType<aws.s3.BucketArgs>(...bucketTypes)) {
      // AWS reports an encryption for every bucket: only one with KMS shows that the program asked for it.
      const inline = ifKnown(
        () => bucket.props.serverSideEncryptionConfiguration?.rule.applyServerSideEncryptionByDefault?.sseAlgorithm,
      );
      if (inline?.startsWith("aws:kms")) continue;
      const own = companionsOf(stack, bucket, "BucketServerSideEncryptionConfiguration");
      if (own.length === 0) report("no default encryption is set", bucket);
    }
  },
  remedies: companionTypes("BucketServerSideEncryptionConfiguration").map((type) => ({
    type,
    mend: (props) => {
      const rules = listOf(props.rules as { applyServerSideEncryptionByDefault?: DefaultEncryption }[] | undefined);
      if (rules.some((rule) => rule.applyServerSideEncryptionByDefault?.sseAlgorithm)) return undefined;
      return {
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true }],
      };
    },
  })),
};

/** True for a statement that turns away everybody who comes without TLS. */
function deniesPlainHttp({ effect, principals, actions, notActions, conditions }: Allowed): boolean {
  return (
    effect === "Deny" &&
    principals.some(([, value]) => value === "*") &&
    (actions.some((action) => action === "*" || action.toLowerCase() === "s3:*") || notActions.length > 0) &&
    conditions.some(
      ({ operator, key, values }) =>
        (key === "aws:securetransport" && /^bool/i.test(operator) && values.includes("false")) ||
        (key === "s3:tlsversion" && /lessthan/i.test(operator)),
    )
  );
}

export const s3TlsOnly: Policy = {
  name: "s3-tls-only",
  description: "Buckets refuse requests without TLS.",
  severity: "high",
  level: "mandatory",
  fix: "Add a bucket policy that denies s3:* to everybody while aws:SecureTransport is false",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
  frameworks: [cis("2.1.1"), fsbp("S3.5"), pci("4.2.1")],
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType<aws.s3.BucketArgs>(...bucketTypes), (bucket) => {
      const policies = companionsOf<aws.s3.BucketPolicyArgs>(stack, bucket, "BucketPolicy");
      const documents = [...policies.map(({ props }) => props.policy as unknown), ifKnown(() => bucket.props.policy)];
      if (!documents.some((document) => statementsOf(document).some(deniesPlainHttp))) {
        report("no bucket policy refuses requests without TLS", bucket);
      }
    });
  },
};

export const efsEncrypted: Policy = {
  name: "efs-encrypted",
  description: "File systems are encrypted with a customer key, and containers mount them over TLS.",
  severity: "high",
  level: "mandatory",
  fix: "Set encrypted: true and kmsKeyId on the file system, and transitEncryption: ENABLED where it is mounted",
  url: reference("efs/filesystem"),
  frameworks: [cis("2.4.1"), fsbp("EFS.1"), pci("3.5.1")],
  checkov: checkov(42, 97, 184),
  rules: [
    ...on<aws.efs.FileSystemArgs>("aws:efs/fileSystem:FileSystem", (system, report) => {
      if (system.encrypted !== true) report("the file system is not encrypted");
      else if (!isGiven(() => system.kmsKeyId)) report("the file system has no customer key (kmsKeyId)");
    }),
    ...on<aws.ecs.TaskDefinitionArgs>("aws:ecs/taskDefinition:TaskDefinition", (task, report) => {
      for (const volume of listOf(task.volumes)) {
        const mount = volume.efsVolumeConfiguration;
        if (mount && mount.transitEncryption !== "ENABLED") report(`the volume ${volume.name} is mounted without TLS`);
      }
    }),
  ],
};

export const backupVaultEncrypted: Policy = {
  name: "backup-vault-encrypted",
  description: "Backup vaults are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set kmsKeyArn (encryptionKeyArn on an air-gapped vault) to a customer key",
  url: reference("backup/vault"),
  frameworks: [pci("3.5.1")],
  checkov: checkov(166, 245),
  rules: [
    ...on<aws.backup.VaultArgs>("aws:backup/vault:Vault", (vault, report) => {
      if (!isGiven(() => vault.kmsKeyArn)) report("the vault has no customer key (kmsKeyArn)");
    }),
    ...on<aws.backup.LogicallyAirGappedVaultArgs>(
      "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault",
      (vault, report) => {
        if (!isGiven(() => vault.encryptionKeyArn)) report("the vault has no customer key (encryptionKeyArn)");
      },
    ),
    ...on<aws.rds.InstanceAutomatedBackupsReplicationArgs>(
      "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
      (replication, report) => {
        if (!isGiven(() => replication.kmsKeyId)) report("replicated backups have no customer key (kmsKeyId)");
      },
    ),
  ],
};

export const ecrEncrypted: Policy = {
  name: "ecr-encrypted",
  description: "Image repositories are encrypted with a customer key.",
  severity: "medium",
  level: "advisory",
  fix: "Set encryptionConfigurations to KMS with a customer key; AWS fixes it when the repository is made",
  url: reference("ecr/repository"),
  checkov: checkov(136),
  rules: on<aws.ecr.RepositoryArgs>(["aws:ecr/repository:Repository", "awsx:ecr:Repository"], (repository, report) => {
    const [given] = listOf(repository.encryptionConfigurations);
    if (!given?.encryptionType?.startsWith("KMS")) report("images are not encrypted with KMS");
    else if (!isGiven(() => given.kmsKey)) report("images have no customer key (kmsKey)");
  }),
};

export const athenaAndGlueEncrypted: Policy = {
  name: "athena-and-glue-encrypted",
  description: "Athena's results and Glue's data, logs and bookmarks are encrypted.",
  severity: "medium",
  level: "mandatory",
  fix: "Encrypt the workgroup's results and enforce it, and give Glue a security configuration with KMS throughout",
  url: reference("athena/workgroup"),
  frameworks: [pci("3.5.1")],
  checkov: checkov(77, 94, 99, 159),
  rules: [
    ...on<aws.athena.WorkgroupArgs>("aws:athena/workgroup:Workgroup", (group, report) => {
      const { configuration } = group;
      if (!configuration?.resultConfiguration?.encryptionConfiguration) report("query results are not encrypted");
      else if (configuration.enforceWorkgroupConfiguration === false)
        report("a client may write its results unencrypted");
    }),
    ...on<aws.athena.DatabaseArgs>("aws:athena/database:Database", (database, report) => {
      if (!database.encryptionConfiguration) report("query results are not encrypted");
    }),
    ...on<aws.glue.SecurityConfigurationArgs>(
      "aws:glue/securityConfiguration:SecurityConfiguration",
      (security, report) => {
        const { cloudwatchEncryption, jobBookmarksEncryption, s3Encryption } = security.encryptionConfiguration;
        if (cloudwatchEncryption.cloudwatchEncryptionMode !== "SSE-KMS") report("logs are not encrypted");
        if (jobBookmarksEncryption.jobBookmarksEncryptionMode !== "CSE-KMS") report("job bookmarks are not encrypted");
        if (!s3Encryption.s3EncryptionMode || s3Encryption.s3EncryptionMode === "DISABLED")
          report("data is not encrypted");
      },
    ),
    ...on<aws.glue.DataCatalogEncryptionSettingsArgs>(
      "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
      (settings, report) => {
        const { encryptionAtRest, connectionPasswordEncryption } = settings.dataCatalogEncryptionSettings;
        if (!encryptionAtRest.catalogEncryptionMode.startsWith("SSE-KMS")) report("the catalogue is not encrypted");
        if (!connectionPasswordEncryption.returnConnectionPasswordEncrypted)
          report("connection passwords are in clear text");
      },
    ),
    ...on<aws.glue.JobArgs>(["aws:glue/job:Job", "aws:glue/crawler:Crawler"], (job, report) => {
      if (!isGiven(() => job.securityConfiguration)) report("no security configuration encrypts what it writes");
    }),
  ],
};

export const storage: readonly Policy[] = [
  s3BucketEncrypted,
  s3TlsOnly,
  efsEncrypted,
  backupVaultEncrypted,
  ecrEncrypted,
  athenaAndGlueEncrypted,
];
