import quartet_worker


@quartet_worker.function("words.count")
def count(text):
    if not text:
        raise ValueError("there is no text")
    return {"Words": len(text.split()), "Longest": max(text.split(), key=len)}


@quartet_worker.function("words.shout")
async def shout(text):
    return text.upper()


@quartet_worker.function("words.each")
def each(text):
    for word in text.split():
        yield word
