import leven from 'leven';

/** The candidate that is most like a word, ignoring case, `-` and `_`; null if none is near enough to be meant. */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  const plain = word.toLowerCase().replaceAll('-', '_');
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = leven(plain, candidate.toLowerCase().replaceAll('-', '_'));
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}
