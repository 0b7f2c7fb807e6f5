/**
 * The model whoever serves it: `meta-llama/Llama-3.3-70B-Instruct-Turbo` at one place and
 * `meta-llama/llama-3.3-70b-instruct:nitro` at another are one family. What differs in quality keeps its name.
 */
export function toFamily(model: string): string {
  const known = families.get(model);
  if (known !== undefined) return known;
  const family = readFamily(model);
  if (families.size >= rememberedModels) families.clear();
  families.set(model, family);
  return family;
}

const rememberedModels = 5_000;
const families = new Map<string, string>();

function readFamily(model: string): string {
  const name = model.toLowerCase().split("/").at(-1) ?? model;
  const colon = name.indexOf(":");
  const plain = colon > 0 && !/^:\d/.test(name.slice(colon)) ? name.slice(0, colon) : name;
  // Together's word for the same weights on faster machines.
  return plain.replace(/(-instruct)-turbo$/, "$1");
}
