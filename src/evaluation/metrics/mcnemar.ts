/** McNemar's test of two programs on the same samples, from the samples that only one of them passes. */

export interface McNemar {
  /** Passed by the first alone, and by the second alone. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided p-values under "either is as likely to be the one": binomial, and with half of the observed point. */
  readonly exact: number;
  readonly midP: number;
}

/**
 * exact = min(1, 2·P(X ≤ k)), midP = 2·P(X ≤ k) − P(X = k), X binomial(n, 1/2), n = b + c, k = min(b, c).
 * Source: Fagerland, Lydersen, Laake 2013, "The McNemar test for binary matched-pairs data".
 */
export function mcnemar(onlyFirst: number, onlySecond: number): McNemar {
  const n = onlyFirst + onlySecond;
  const least = Math.min(onlyFirst, onlySecond);
  let [below, point] = [0, 0];
  // ln C(n, k) is summed up term by term; C(n, k) itself overflows from n = 1030 on.
  let lnChoose = 0;
  for (let k = 0; k <= least; k += 1) {
    if (k > 0) lnChoose += Math.log((n - k + 1) / k);
    point = Math.exp(lnChoose - n * Math.LN2);
    below += point;
  }
  return {
    onlyFirst,
    onlySecond,
    exact: Math.min(1, 2 * below),
    midP: Math.min(1, 2 * below - point),
  };
}
