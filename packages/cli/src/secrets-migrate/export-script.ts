/** Names of what the script reads from its environment. */
export const exportVariables = {
  all: "SOPHIA_SECRETS",
  single: "SOPHIA_SECRET_",
  run: "SOPHIA_RUN",
  scope: "SOPHIA_SCOPE",
  publicKey: "SOPHIA_PUBLIC_KEY",
  expiresAt: "SOPHIA_EXPIRES_AT",
  output: "SOPHIA_OUTPUT",
} as const;

/**
 * What the export workflow runs on GitHub's runner, with the Node that every runner has and nothing else. It seals the
 * secrets for one public key before they touch a file. An error of JSON.parse would quote them, so none is shown.
 * Plain enough for Node 18, and free of quotes that a heredoc or YAML would mind.
 */
export const exportScript = `"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const environment = process.env;
const run = environment.${exportVariables.run};
const scope = environment.${exportVariables.scope};

function stop(message) {
  console.error("::error::" + message);
  process.exit(1);
}

function readSecrets() {
  if (environment.${exportVariables.all} !== undefined) {
    try {
      return Object.entries(JSON.parse(environment.${exportVariables.all}));
    } catch {
      stop("The secrets arrived in a form that cannot be read.");
    }
  }
  const prefix = "${exportVariables.single}";
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(prefix) && value !== "")
    .map(([name, value]) => [name.slice(prefix.length), value]);
}

if (Date.now() > Number(environment.${exportVariables.expiresAt})) {
  stop("This export has expired. Make a new one with: sophia secrets migrate github");
}

const fingerprintKey = crypto.randomBytes(32);
const secrets = readSecrets()
  .filter(([name, value]) => name.toLowerCase() !== "github_token" && typeof value === "string")
  .map(([name, text]) => {
    const bytes = Buffer.from(text, "utf8");
    const fingerprint = crypto.createHmac("sha256", fingerprintKey).update(bytes).digest("hex");
    return { name, value: bytes.toString("base64"), fingerprint };
  });
const content = Buffer.from(JSON.stringify({ run, scope, fingerprintKey: fingerprintKey.toString("base64"), secrets }));

const x = environment.${exportVariables.publicKey};
const recipient = crypto.createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
const own = crypto.generateKeyPairSync("x25519");
const ownKey = own.publicKey.export({ format: "jwk" }).x;
const shared = crypto.diffieHellman({ privateKey: own.privateKey, publicKey: recipient });
const context = ["sophia secrets export 1", run, scope, x, ownKey].join("\\n");
const key = Buffer.from(crypto.hkdfSync("sha256", shared, "", context, 32));
const nonce = crypto.randomBytes(12);
const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
cipher.setAAD(Buffer.from(context));
const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
const sealed = {
  format: "sophia secrets export 1",
  run,
  scope,
  key: ownKey,
  nonce: nonce.toString("base64"),
  ciphertext: ciphertext.toString("base64"),
  tag: cipher.getAuthTag().toString("base64"),
};
fs.mkdirSync(path.dirname(environment.${exportVariables.output}), { recursive: true });
fs.writeFileSync(environment.${exportVariables.output}, JSON.stringify(sealed), { mode: 0o600 });
console.log(secrets.length + " secrets sealed.");
`;
