import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A repository with realistic workflows, committed on `main`. */
const sampleWorkflows: Readonly<Record<string, string>> = {
  ".github/workflows/ci.yml": `name: CI
on:
  pull_request:
  push: { branches: [main] }
permissions:
  contents: read
env:
  NODE_VERSION: "24"
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: \${{ env.NODE_VERSION }}
          token: \${{ secrets.GITHUB_TOKEN }}
      # the models are asked for real
      - run: npm test
        env:
          OPENROUTER_API_KEY: \${{ secrets.OPENROUTER_API_KEY }}
          NPM_TOKEN: \${{ secrets.NPM_TOKEN }}   # for private packages
  called:
    uses: ./.github/workflows/deploy.yml
    secrets: inherit
`,
  ".github/workflows/deploy.yml": `name: deploy
on:
  workflow_call:
  workflow_dispatch:
permissions:
  contents: read
jobs:
  ship:
    environment: production
    runs-on: ubuntu-latest
    env:
      DEPLOY_KEY: \${{ secrets.DEPLOY_KEY }}
    steps:
      - run: ./deploy "\${{ secrets.NPM_TOKEN }}"
`,
  ".github/workflows/legacy.yml": `on: workflow_dispatch
jobs:
  old:
    runs-on: ubuntu-latest
    container:
      image: registry.example/x
      credentials:
        username: ci
        password: \${{ secrets.REGISTRY_PASSWORD }}
    steps:
      - run: make
`,
  "README.md": "# Shop\n",
};

export function createSampleClone(folder: string): string {
  for (const [path, text] of Object.entries(sampleWorkflows)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(folder, "init", "--quiet", "--initial-branch=main");
  git(folder, "remote", "add", "origin", "git@github.example:octo/shop.git");
  git(folder, "add", ".");
  git(folder, "commit", "--quiet", "-m", "First");
  return folder;
}

export function git(folder: string, ...args: string[]): string {
  const identity = ["-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgSign=false"];
  return execFileSync("git", ["-C", folder, ...identity, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}
