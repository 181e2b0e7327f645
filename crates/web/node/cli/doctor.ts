export async function doctor(_words: string[]): Promise<number> {
  return 0;
}
