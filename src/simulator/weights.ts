/** Running sums of weights, the last of them 1. */
export function cumulativeWeights(weights: readonly number[]): Float64Array {
  let sum = 0;
  const sums = Float64Array.from(weights, (weight) => {
    sum += weight;
    return sum;
  });
  return sums.map((value) => value / sum);
}

/** The number of the weight that a draw below 1 falls on. */
export function pick(cumulative: Float64Array, draw: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (draw < (cumulative[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
