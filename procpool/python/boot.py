import sys
if sys.path[:1] == [""]: sys.path.pop(0)
if sys.version_info < (3, 7):
    sys.stderr.write("procpool: %s is Python %s, and a worker needs 3.7 or newer: set Command[0]\n"
                     % (sys.executable, sys.version.split()[0]))
    sys.exit(124)
known = set(sys.modules)
import binascii, json, os
pipe = int(os.environ["QUARTET_PROCPOOL_WORKER"].split(":")[3])
def read(n):
    data = b""
    while len(data) < n:
        more = os.read(pipe, n - len(data))
        if not more: os._exit(1)
        data += more
    return data
hello = json.loads(read(int.from_bytes(read(16)[:4], "little")).decode())
try:
    archive = os.memfd_create("quartet_worker")
    path = "/proc/%d/fd/%d" % (os.getpid(), archive)
    os.stat(path)
except (AttributeError, OSError):
    import atexit, tempfile
    archive, path = tempfile.mkstemp(".zip", "quartet_worker-")
    atexit.register(os.unlink, path)
os.write(archive, binascii.a2b_base64(hello["boot"].pop("archive")))
sys.path.append(path)
from quartet_worker import _boot
_boot.main(hello, known)
