// What the tests need to know of the wire between a page and its kernel.

// A slow wire: messages keep their order, and what is said to or by a widget arrives `slow` milliseconds after what
// came before, both ways; only while a test waits for all of them is it quick. What a test reads too early, because it
// mostly comes soon, is then read too early every time.
function slowWire() {
  const Native = window.WebSocket;
  window.gapOfTests = 0;
  const ofWidgets = what => {
    const start = typeof what === 'string' ? what : new TextDecoder().decode(new Uint8Array(what, 0, Math.min(800, what.byteLength)));
    return start.includes('"comm_msg"') || start.includes('"comm_open"');
  };
  const oneByOne = (deliver, content) => {
    let last = Promise.resolve();
    return what => {
      const gap = () => (ofWidgets(content(what)) ? window.gapOfTests : 0);
      last = last
        .then(() => window.gapOfTests && new Promise(done => setTimeout(done, gap())))
        .then(() => deliver(what));
    };
  };
  window.WebSocket = class extends Native {
    #send = oneByOne(what => this.readyState === Native.OPEN && super.send(what), what => what);
    send(what) {
      this.#send(what);
    }
    get onmessage() {
      return super.onmessage;
    }
    set onmessage(handler) {
      super.onmessage = handler && oneByOne(handler, event => event.data);
    }
  };
}

// Wait until the page has been told the end of all that it asked its kernel, and of one more question: whatever the
// kernel said before that, to this page, has been taken in by its widgets then. JupyterLab takes messages one by one.
async function heard(seconds, slow) {
  window.gapOfTests = 0;
  const rest = ms => new Promise(done => setTimeout(done, ms));
  const end = performance.now() + seconds * 1000;
  const late = what => {
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
  };
  const kernelOf = () => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
  let kernel;
  while (!(kernel = kernelOf()) || kernel.connectionStatus !== 'connected') {
    late('the page to know its kernel');
    await rest(20);
  }
  if (!kernel.__asked) {
    const asked = (kernel.__asked = new Map());
    kernel.anyMessage.connect((_, {msg, direction}) => {
      if (direction === 'send' && msg.channel !== 'stdin') asked.set(msg.header.msg_id, msg.header.msg_type);
    });
    kernel.iopubMessage.connect((_, msg) => {
      if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
        asked.delete(msg.parent_header.msg_id);
    });
  }
  kernel.requestKernelInfo().catch(() => {});
  for (let quiet = 0; quiet < 2; ) {
    late(`the kernel's answer to ${[...kernel.__asked.values()]}`);
    await rest(20);
    quiet = kernel.__asked.size ? 0 : quiet + 1;
  }
  // What the widgets draw with, they draw at the next frame; a view that has no room, or no library, draws nothing.
  const drawn = one => !one.clientWidth || one.ariaBusy !== 'true';
  while (![...document.querySelectorAll('.gi-plotly')].every(drawn)) {
    late('the drawings');
    await rest(20);
  }
  window.gapOfTests = slow;
}
