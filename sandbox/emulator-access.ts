/** How a client of AWS's reaches an emulator; it takes any credentials. */
export function emulatorAccess(endpoint: string, region = "us-east-1") {
  return { endpoint, region, credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" } };
}
