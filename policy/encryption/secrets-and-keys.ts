import type * as aws from "@pulumi/aws";
import { allowsAnybody, nameOf, statementsOf } from "../frame/documents";
import { namesSecret, onVariables, secretIn } from "../frame/environment";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { isGiven, listOf } from "../frame/values";

const kmsKey = "aws:kms/key:Key";

export const secretCustomerKey: Policy = {
  name: "secret-customer-key",
  description: "Secrets and their replicas are encrypted with a customer key.",
  severity: "medium",
  level: "mandatory",
  fix: "Set kmsKeyId to a customer key, on each replica too",
  url: reference("secretsmanager/secret"),
  frameworks: [pci("3.5.1")],
  checkov: checkov(149),
  rules: on<aws.secretsmanager.SecretArgs>("aws:secretsmanager/secret:Secret", (secret, report) => {
    if (!isGiven(() => secret.kmsKeyId)) report("the secret has no customer key (kmsKeyId)");
    for (const replica of listOf(secret.replicas)) {
      if (!isGiven(() => replica.kmsKeyId)) report(`the replica in ${replica.region} has no customer key (kmsKeyId)`);
    }
  }),
};

export const ssmParameterSecure: Policy = {
  name: "ssm-parameter-secure",
  description: "A parameter whose name says that it is secret is a SecureString.",
  severity: "high",
  level: "mandatory",
  fix: "Set type: SecureString with a customer keyId, or keep it in Secrets Manager",
  url: reference("ssm/parameter"),
  checkov: checkov(337, "2:34"),
  rules: on<aws.ssm.ParameterArgs>("aws:ssm/parameter:Parameter", (parameter, report, { name }) => {
    if (parameter.type === "SecureString") {
      if (!isGiven(() => parameter.keyId)) report("the parameter has no customer key (keyId)", { advisory: true });
      return;
    }
    if (namesSecret(name) || (parameter.name && namesSecret(parameter.name.split("/").at(-1) ?? ""))) {
      report(`the parameter is a ${parameter.type}, and its name says that it is secret`);
    }
  }),
};

export const eksSecretsEncrypted: Policy = {
  name: "eks-secrets-encrypted",
  description: "Kubernetes secrets are encrypted with a customer key.",
  severity: "high",
  level: "mandatory",
  fix: "Set encryptionConfig with a customer key for secrets (encryptionConfigKeyArn on eks.Cluster)",
  url: reference("eks/cluster"),
  frameworks: [fsbp("EKS.3"), pci("3.5.1")],
  checkov: checkov(58),
  rules: [
    ...on<aws.eks.ClusterArgs>("aws:eks/cluster:Cluster", (cluster, report) => {
      const { encryptionConfig } = cluster;
      const secrets = encryptionConfig && listOf(encryptionConfig.resources).includes("secrets");
      if (!secrets || !isGiven(() => encryptionConfig.provider.keyArn)) report("secrets have no customer key");
    }),
    ...on<{ encryptionConfigKeyArn?: string }>("eks:index:Cluster", (cluster, report) => {
      if (!isGiven(() => cluster.encryptionConfigKeyArn))
        report("secrets have no customer key (encryptionConfigKeyArn)");
    }),
  ],
};

/** Keys that KMS cannot rotate: asymmetric ones, HMAC, and those whose material comes from elsewhere. */
function cannotRotate(key: {
  readonly customerMasterKeySpec?: string;
  readonly keyUsage?: string;
  readonly customKeyStoreId?: string;
}) {
  const spec = key.customerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
  return spec !== "SYMMETRIC_DEFAULT" || isGiven(() => key.customKeyStoreId);
}

export const kmsKeyRotation: Policy = {
  name: "kms-key-rotation",
  description: "Symmetric customer keys rotate every year.",
  severity: "medium",
  level: "mandatory",
  fix: "Set enableKeyRotation: true",
  url: reference("kms/key"),
  frameworks: [cis("3.6"), pci("3.7.4")],
  checkov: checkov(7),
  rules: on<aws.kms.KeyArgs>(kmsKey, (key, report) => {
    if (!cannotRotate(key) && key.enableKeyRotation !== true) report("the key does not rotate");
  }),
  remedies: [
    {
      type: kmsKey,
      mend: (props) =>
        cannotRotate(props) || props.enableKeyRotation === true ? undefined : { enableKeyRotation: true },
    },
  ],
};

/** Longest wait that KMS offers before it destroys a key, in days; also its default. */
const longestWindowDays = 30;

export const kmsDeletionWindow: Policy = {
  name: "kms-deletion-window",
  description: "A key waits 30 days before it is destroyed.",
  severity: "medium",
  level: "mandatory",
  fix: "Set deletionWindowInDays: 30, or leave it out",
  url: reference("kms/key"),
  rules: on<aws.kms.KeyArgs>(
    [kmsKey, "aws:kms/replicaKey:ReplicaKey", "aws:kms/externalKey:ExternalKey"],
    (key, report) => {
      const days = key.deletionWindowInDays ?? longestWindowDays;
      if (days < longestWindowDays) report(`the key is destroyed after ${days} days`);
    },
  ),
  remedies: [
    {
      type: kmsKey,
      mend: (props) =>
        Number(props.deletionWindowInDays ?? longestWindowDays) < longestWindowDays
          ? { deletionWindowInDays: longestWindowDays }
          : undefined,
    },
  ],
};

function checkKeyPolicy(document: unknown, report: Report): void {
  statementsOf(document).forEach((statement, index) => {
    if (allowsAnybody(statement)) report(`${nameOf(statement, index)} of the key policy lets anybody use the key`);
  });
}

export const kmsKeyPolicyScoped: Policy = {
  name: "kms-key-policy-scoped",
  description: "Key policies name who may use the key.",
  severity: "critical",
  level: "mandatory",
  fix: "Name the account, role or service, or bind the wildcard with kms:CallerAccount or aws:SourceAccount",
  url: reference("kms/key"),
  checkov: checkov(33, "2:64"),
  rules: on<aws.kms.KeyArgs>(
    [kmsKey, "aws:kms/replicaKey:ReplicaKey", "aws:kms/externalKey:ExternalKey", "aws:kms/keyPolicy:KeyPolicy"],
    (key, report) => checkKeyPolicy(key.policy, report),
  ),
};

export const noPlaintextParameterOrVariable: Policy = {
  name: "no-plaintext-parameter-or-variable",
  description: "No parameter or environment variable holds what is a secret by its form.",
  severity: "critical",
  level: "mandatory",
  fix: "Keep the value in Secrets Manager and hand over its ARN",
  url: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
  frameworks: [pci("8.6.2")],
  rules: [
    ...onVariables((variables, report) => {
      for (const { name, value } of variables) {
        const kind = secretIn(value);
        if (kind) report(`the variable ${name} holds ${kind} in clear text`);
      }
    }),
    ...on<aws.ssm.ParameterArgs>("aws:ssm/parameter:Parameter", (parameter, report) => {
      if (parameter.type === "SecureString") return;
      const kind = secretIn(parameter.value ?? parameter.insecureValue ?? "");
      if (kind) report(`the parameter holds ${kind} in clear text`);
    }),
  ],
};

export const secretsAndKeys: readonly Policy[] = [
  secretCustomerKey,
  ssmParameterSecure,
  eksSecretsEncrypted,
  kmsKeyRotation,
  kmsDeletionWindow,
  noPlaintextParameterOrVariable,
  kmsKeyPolicyScoped,
];
