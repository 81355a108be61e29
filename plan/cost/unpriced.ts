/**
 * Why a type that costs money has no pricer, by type: nobody can tell its amount from a plan. Of a type that has one, yet no price
 * with a source, the figure that is missing is named instead.
 */
export const unpricedReasons: Readonly<Record<string, string>> = {};
