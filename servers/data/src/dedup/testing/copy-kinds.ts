import { between, type Sentences, shuffle, type Source } from "./draw.ts";
import { misread, retype, reword } from "./spoil-words.ts";

type Copy = (story: Sentences, source: Source) => string;

/** What becomes of a story when others print it. */
export const copyKinds: Record<string, Copy> = {
  reset: (story, { random }) => {
    const text = story.join(random() < 0.5 ? "\n\n" : "  ");
    const quoted = text.replaceAll('"', "”").replaceAll("'", "’").replaceAll(" - ", " — ").replaceAll(", ", " , ");
    return random() < 0.3 ? quoted.toUpperCase() : quoted;
  },
  newLead: (story, { random, take }) => {
    const lead = Math.max(1, Math.round(story.length * (0.08 + random() * 0.2)));
    return [...take(lead), ...story.slice(lead)].join(" ");
  },
  cut: (story, { random }) => {
    const kept = Math.max(2, Math.round(story.length * (0.3 + random() * 0.5)));
    return `${story.slice(0, kept).join(" ")} ... Read the full story`;
  },
  wrapped: (story, { random, take }) => {
    const added = Math.max(2, Math.round(story.length * (0.2 + random() * 0.6)));
    const parts = take(added);
    const before = between(random, 0, added);
    return [...parts.slice(0, before), ...story, ...parts.slice(before)].join(" ");
  },
  reordered: (story, { random }) => {
    const cut = between(random, 1, story.length - 1);
    const parts = [story.slice(0, cut).join(" "), story.slice(cut).join(" ")];
    return story.length > 8 ? shuffle(pairsOf(story), random).join(" ") : parts.toReversed().join(" ");
  },
  misread: (story, { random }) => misread(story.join(" "), 0.03 + random() * 0.1, random),
  retyped: (story, { random }) => retype(story.join(" "), 0.02 + random() * 0.08, random),
  reworded: (story, { random }) => reword(story.join(" "), 0.02 + random() * 0.07, random),
  updated: (story, { random, take }) => {
    const changed = [...story];
    for (let count = between(random, 1, Math.ceil(story.length / 5)); count > 0; count -= 1) {
      const at = between(random, 0, changed.length - 1);
      if (random() < 0.5) changed.splice(at, random() < 0.5 ? 1 : 0, ...take(1));
      else if (changed.length > 3) changed.splice(at, 1);
    }
    return changed.join(" ").replace(/\b\d{1,3}\b/, (figure) => String(Number(figure) + 2));
  },
  cutAndRetyped: (story, { random, take }) => {
    const kept = Math.max(3, Math.round(story.length * (0.45 + random() * 0.4)));
    return retype([...story.slice(0, kept), ...take(1)].join(" "), 0.03, random);
  },
};

function pairsOf(story: Sentences): string[] {
  const pairs: string[] = [];
  for (let index = 0; index < story.length; index += 2) pairs.push(story.slice(index, index + 2).join(" "));
  return pairs;
}
