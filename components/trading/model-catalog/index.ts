export type { Catalog, CatalogModel } from "./catalog";
export { BucketError, decodeKey, DeployBucket, type AwsAccess } from "./deploy-bucket";
export { readBucket } from "./listing-bucket";
export { readListingFile } from "./listing-file";
