/**
 * Jaro–Winkler similarity, 0 to 1: prefix weight 0.1 over at most 4 characters (Winkler 1990). Works on UTF-16 units.
 */
export function jaroWinkler(a: string, b: string): number {
  if (a === b) return a === "" ? 0 : 1;
  const jaro = jaroSimilarity(a, b);
  let prefix = 0;
  while (prefix < 4 && prefix < a.length && a[prefix] === b[prefix]) prefix += 1;
  return jaro + prefix * 0.1 * (1 - jaro);
}

function jaroSimilarity(a: string, b: string): number {
  if (a === "" || b === "") return 0;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const takenA = new Uint8Array(a.length);
  const takenB = new Uint8Array(b.length);
  let matches = 0;
  for (let inA = 0; inA < a.length; inA += 1) {
    const last = Math.min(b.length - 1, inA + reach);
    for (let inB = Math.max(0, inA - reach); inB <= last; inB += 1) {
      if (takenB[inB] === 1 || a.charCodeAt(inA) !== b.charCodeAt(inB)) continue;
      takenA[inA] = 1;
      takenB[inB] = 1;
      matches += 1;
      break;
    }
  }
  if (matches === 0) return 0;
  let swapped = 0;
  let inB = 0;
  for (let inA = 0; inA < a.length; inA += 1) {
    if (takenA[inA] === 0) continue;
    while (takenB[inB] === 0) inB += 1;
    if (a.charCodeAt(inA) !== b.charCodeAt(inB)) swapped += 1;
    inB += 1;
  }
  return (matches / a.length + matches / b.length + (matches - swapped / 2) / matches) / 3;
}

/**
 * Edits between two texts, neighbours in the wrong order counting as one (optimal string alignment). Beyond `most` the
 * answer is `most + 1`.
 */
export function countEdits(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let inA = 1; inA <= a.length; inA += 1) {
    const row = [inA];
    let least = inA;
    for (let inB = 1; inB <= b.length; inB += 1) {
      const same = a[inA - 1] === b[inB - 1];
      let edits = Math.min(above[inB]! + 1, row[inB - 1]! + 1, above[inB - 1]! + (same ? 0 : 1));
      const turned = inA > 1 && inB > 1 && a[inA - 1] === b[inB - 2] && a[inA - 2] === b[inB - 1];
      if (turned) edits = Math.min(edits, before[inB - 2]! + 1);
      row.push(edits);
      least = Math.min(least, edits);
    }
    if (least > most) return most + 1;
    before = above;
    above = row;
  }
  return Math.min(above[b.length]!, most + 1);
}
