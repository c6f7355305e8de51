import type { Blob as BlobName } from "@daphnia/protocol/blob";
import { useEffect, useState } from "react";
import { client } from "../data/client.ts";
import { wholeBlob } from "../data/whole-blob.ts";
import { bytesText } from "../words/figures.ts";
import { Code } from "./code.tsx";
import { Problem } from "./problem.tsx";

/** Pictures that a browser shows without running anything. */
const pictures: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
]);
/** Bytes that are shown as text. */
const longest = 2 * 1024 * 1024;

/** Bytes that are kept beside the log, read when somebody asks for them. */
export function WholePart({ blob }: { readonly blob: BlobName }) {
  const [bytes, setBytes] = useState<Uint8Array<ArrayBuffer>>();
  const [problem, setProblem] = useState<unknown>();
  const { digest, mediaType, size, name } = blob;
  const read = async () => {
    try {
      setBytes(await wholeBlob(client.blobs, digest));
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <div className="blob">
      <span className="mono">{name || digest.slice(0, 12)}</span>
      <span className="muted">
        {mediaType || "bytes"} · {bytesText(Number(size))}
      </span>
      {bytes === undefined && (
        <button type="button" className="button small" onClick={() => void read()}>
          Read it
        </button>
      )}
      {problem !== undefined && <Problem error={problem} what="It cannot be read." />}
      {bytes !== undefined && <Shown bytes={bytes} mediaType={mediaType} name={name || digest} />}
    </div>
  );
}

function Shown({
  bytes,
  mediaType,
  name,
}: {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
  readonly name: string;
}) {
  const isPicture = pictures.has(mediaType);
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!isPicture) return;
    const made = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, mediaType, isPicture]);
  if (isPicture) return url === "" ? null : <img src={url} alt={name} />;
  const text = new TextDecoder().decode(bytes.subarray(0, longest));
  return <Code text={text} label={name} lines={40} />;
}
