import type { Socket } from "node:net";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * Tells from a connection's first bytes which protocol it speaks and puts them
 * back. A connection that says too little in time, or ends, is closed.
 */
export function readFirstBytes(
  socket: Socket,
  timeout: number,
  decide: (protocol: "http1" | "http2") => void,
): void {
  let head = Buffer.alloc(0);
  const late = setTimeout(() => socket.destroy(), timeout);
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const length = Math.min(head.length, preface.length);
    const isPreface = head.subarray(0, length).equals(preface.subarray(0, length));
    if (isPreface && length < preface.length) return;
    stop();
    socket.unshift(head);
    decide(isPreface ? "http2" : "http1");
  };
  const leave = () => {
    stop();
    socket.destroy();
  };
  const stop = () => {
    clearTimeout(late);
    socket.off("readable", look).off("end", leave).off("close", stop);
  };
  socket.on("readable", look).once("end", leave).once("close", stop);
}
